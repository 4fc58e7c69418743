"""Learns when an answer is accepted, and which courses that certifies."""
