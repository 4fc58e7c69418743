"""Which conversation a call belongs to, and what is remembered of it."""
