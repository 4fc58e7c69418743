"""Why foreign input is not taken. None of the messages quotes it."""

from tierwise.data.errors import TierwiseError


class ForeignError(TierwiseError, ValueError):
    """Input of others that cannot be used: longer, deeper or stranger than is allowed."""


class TooLargeError(ForeignError):
    """Input beyond a limit of :mod:`tierwise.data.foreign.limits`."""


class WrongSchemaError(ForeignError):
    """A JSON schema that is none."""


class UncheckableError(ForeignError):
    """A schema or pattern that cannot be held against a value within the allowed work: nobody can tell."""
