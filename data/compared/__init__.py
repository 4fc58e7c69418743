"""Answers compared: mirrored steps, people's labels, a judge corrected by them, and what that comes to."""
