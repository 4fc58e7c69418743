"""What is asked beside the contest: other sources, other forms, parts, longer logs, other folds."""
