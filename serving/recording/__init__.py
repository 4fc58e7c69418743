"""Decisions and outcomes on their way to the log, off the request path; what is read, added up and removed there."""
