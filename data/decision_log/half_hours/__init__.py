"""Sums of the log by half-hours, which the dashboard reads instead of millions of rows."""
