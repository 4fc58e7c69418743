"""Attacks on decisions through the text of a step."""
