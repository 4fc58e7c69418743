"""Who takes part: learners, baselines and peers behind one protocol."""
