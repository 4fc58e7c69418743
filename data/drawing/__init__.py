"""Which steps are learned from, and which are kept aside; a data set by its fingerprint."""
