"""What comes from others, and how much of it is taken: one place for limits on bytes, depth, numbers and work."""

from tierwise.data.foreign.errors import ForeignError, TooLargeError, UncheckableError, WrongSchemaError

__all__ = ["ForeignError", "TooLargeError", "UncheckableError", "WrongSchemaError"]
