"""How the decision log does with millions of decisions: ``python -m benchmarks.decision_log --help``."""
