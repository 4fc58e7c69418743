"""Readers of logs of which each row is a call."""
