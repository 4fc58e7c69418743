"""What settings say of audits, apart from the arithmetic of watching them."""

DIFFERENT = 0.05
"""The share of audited answers that may differ, by default."""
