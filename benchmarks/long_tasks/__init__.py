"""Tasks of many steps: what trajectory features are worth there, and what plan-and-execute makes of them."""
