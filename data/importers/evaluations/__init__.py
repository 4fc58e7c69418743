"""Readers of evaluations and trajectories: logs that say what an answer was worth."""
