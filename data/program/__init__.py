"""What the program says of itself: its version, the extras that parts of it need, and trouble that repeats."""
