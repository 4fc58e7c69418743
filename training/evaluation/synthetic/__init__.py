"""Worlds with known truth, and the logs that ways of operating leave of them."""
