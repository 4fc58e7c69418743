"""Adding rows: unique ids, chunks, and the fast ways of each database."""
