"""Commands that learn and measure: train, evaluate, encoder."""
