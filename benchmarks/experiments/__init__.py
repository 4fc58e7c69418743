"""Do the intervals and verdicts of A/B experiments keep what they promise? Many experiments of known truth."""
