"""Courses: which tiers are asked, and what is done with their answers."""
