"""What is wrong with a plan."""

from tierwise.data.errors import TierwiseError


class PlanError(TierwiseError):
    """A plan that cannot be run; the message is for the planner too, and says what to change."""
