"""More than one tier a step: escalation, courses, and what needs no learning."""
