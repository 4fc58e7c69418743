"""Trouble with a provider: what kind it is, and whether the same call may work a moment later."""

from enum import StrEnum

from tierwise.data.errors import TierwiseError


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


def trouble_of(status: int) -> Trouble:
    """The kind of trouble that a status code stands for."""
    if status == 429:
        return Trouble.RATE_LIMIT
    if status in (408, 504):
        return Trouble.TIMEOUT
    return Trouble.SERVER if status >= 500 else Trouble.REFUSED
