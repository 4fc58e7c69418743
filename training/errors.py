"""What can go wrong in training."""

from tierwise.data.errors import TierwiseError


class TrainingError(TierwiseError):
    """The log cannot train a router, or the configuration cannot be used."""
