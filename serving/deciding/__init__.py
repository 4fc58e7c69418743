"""A request becomes a decision: who decides it, how, and what is answered when nobody can."""
