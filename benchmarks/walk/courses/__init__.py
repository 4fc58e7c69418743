"""Courses in the gateway, end to end: the real openai client, real local models, a simulated top tier, marked so."""
