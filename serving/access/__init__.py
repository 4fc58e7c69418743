"""Who may ask, and how often: keys, the gate in front of the routes, the limit on requests."""
