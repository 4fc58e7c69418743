"""From calls to steps: tiers, attempts, success."""
