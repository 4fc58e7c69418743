"""What measures: decisions, attacks, serving, scale. Not part of the package."""
