"""What a router learned from, and whether a step is like it."""
