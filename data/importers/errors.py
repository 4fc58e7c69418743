"""What an import refuses as a whole; single bad records go to quarantine instead."""

from tierwise.data.errors import RecordError, TierwiseError

UNREADABLE = (RecordError, AttributeError, LookupError, OverflowError, TypeError, ValueError)
"""What a reader runs into where a foreign record has other kinds of values than everybody else's."""


class ForeignLogError(TierwiseError):
    """A source, a mapping file or an output file that an import cannot use."""


def why(error: Exception) -> str:
    """Why a record could not be read, in a line."""
    if isinstance(error, RecordError):
        return str(error)
    return f"has values of kinds that are not known here: {type(error).__name__}: {str(error)[:120]}"
