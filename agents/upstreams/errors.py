"""Trouble with a provider: what kind it is, and whether the same call may work a moment later."""

from enum import StrEnum

from tierwise.data.errors import TierwiseError
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import FoundError


class Trouble(StrEnum):
    """``REFUSED`` is a 4xx that stays one; ``NONSENSE`` an answer that is no chat completion."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    REFUSED = "refused"
    NONSENSE = "nonsense"


_PASSING = frozenset({Trouble.CONNECTION, Trouble.TIMEOUT, Trouble.RATE_LIMIT, Trouble.SERVER})


class ProviderError(TierwiseError):
    """A call that brought no reply. ``status`` and ``body`` are the provider's, where it answered at all."""

    def __init__(
        self,
        trouble: Trouble,
        message: str,
        status: int | None = None,
        body: bytes = b"",
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.status = status
        self.body = body
        self.retry_after_seconds = retry_after_seconds

    @property
    def is_passing(self) -> bool:
        """Whether the same call may work a moment later."""
        return self.trouble in _PASSING


_BY_KIND = {
    ErrorKind.RATE_LIMIT: Trouble.RATE_LIMIT,
    ErrorKind.TIMEOUT: Trouble.TIMEOUT,
    ErrorKind.SERVER: Trouble.SERVER,
    ErrorKind.CONNECTION: Trouble.SERVER,
    ErrorKind.UNKNOWN: Trouble.SERVER,
}


def trouble_in(error: FoundError) -> Trouble:
    """The trouble that an answer with status 200 tells of."""
    return _BY_KIND.get(error.kind, Trouble.REFUSED)


def trouble_of(status: int, error: FoundError | None = None) -> Trouble:
    """The kind of trouble that a refusal stands for: some rate limits come as 400 or 413."""
    if error is not None and error.kind is ErrorKind.RATE_LIMIT:
        return Trouble.RATE_LIMIT
    if status == 429:
        return Trouble.RATE_LIMIT
    if status in (408, 504):
        return Trouble.TIMEOUT
    return Trouble.SERVER if status >= 500 else Trouble.REFUSED
