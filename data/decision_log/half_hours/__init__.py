"""Sums of the log by half-hours, which the dashboard reads instead of ten million rows. PostgreSQL only."""
