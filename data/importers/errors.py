"""What an import refuses as a whole; single bad records go to quarantine instead."""

from tierwise.data.errors import TierwiseError


class ForeignLogError(TierwiseError):
    """A source, a mapping file or an output file that an import cannot use."""
