"""The caller's side: asking for decisions, attempting steps, and running whole plans."""
