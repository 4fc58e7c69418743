"""One call of a caller, from its body to the relayed answer."""
