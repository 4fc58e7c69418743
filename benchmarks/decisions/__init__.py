"""Decision quality, measured: the learned router beside baselines and peers on the same folds of the same logs."""
