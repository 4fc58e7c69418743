"""Commands on what serves: retrain, promote, experiment, drift."""
