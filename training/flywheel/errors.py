"""What the flywheel refuses."""

from tierwise.data.errors import TierwiseError


class FlywheelError(TierwiseError):
    """A retraining, promotion or rollback that cannot be done; the message names why and what would help."""
