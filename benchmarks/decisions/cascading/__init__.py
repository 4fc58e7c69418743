"""More than one tier a step: courses and cascades, ours and others'."""
