"""The kinds of errors, and what each says about who failed.

Trouble of the provider (rate limits, servers, connections, keys) says nothing about a tier; a prompt that is too long
or a feature that is missing speaks of one model and not of the next; a malformed request is the caller's.
"""

from enum import StrEnum


class ErrorKind(StrEnum):
    """``CONTEXT``: the prompt is too long for this model. ``UNSUPPORTED``: this model cannot do what was asked for.
    ``CONTENT``: refused by a filter. ``OUTPUT``: the answer was not what its reader took. ``REQUEST``: malformed."""

    CONTEXT = "context"
    UNSUPPORTED = "unsupported"
    CONTENT = "content"
    OUTPUT = "output"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    SERVER = "server"
    AUTH = "auth"
    NOT_FOUND = "not_found"
    REQUEST = "request"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"

    @property
    def is_about_model(self) -> bool:
        """Whether another model may take the same request."""
        return self in (ErrorKind.CONTEXT, ErrorKind.UNSUPPORTED, ErrorKind.NOT_FOUND)

    @property
    def is_providers(self) -> bool:
        """Whether the trouble is the provider's, or the way's to it, and no word about anybody's ability."""
        return self in _PROVIDERS


_PROVIDERS = frozenset({
    ErrorKind.RATE_LIMIT, ErrorKind.QUOTA, ErrorKind.TIMEOUT, ErrorKind.CONNECTION, ErrorKind.SERVER, ErrorKind.AUTH,
    ErrorKind.NOT_FOUND, ErrorKind.CANCELLED,
})  # fmt: skip
