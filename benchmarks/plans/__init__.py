"""Plan and execute, measured: goals of several steps with real local models and a scripted frontier, offline."""
