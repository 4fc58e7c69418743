"""From probabilities and costs to a tier."""
