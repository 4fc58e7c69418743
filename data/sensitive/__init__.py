"""What secrets and personal data look like: rules of three kinds, each tried only where one of its anchors stands."""
