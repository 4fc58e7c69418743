"""From vectors to calibrated probabilities and expected costs."""
