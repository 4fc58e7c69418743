"""Time and memory of training as the log grows, on one machine and on a cluster."""
