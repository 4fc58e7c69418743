"""What the service says of itself: logs, metrics, traces, budgets, and whether the live router keeps its promise."""
