"""More than one tier asked for a call: courses, audits and mirrors, and whether an answer will do."""
