"""Runs of MLflow: what they are told of a training, and traces read from them."""
