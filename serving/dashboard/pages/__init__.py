"""The pages, one module each: from the log and the bundle to what its template shows."""
