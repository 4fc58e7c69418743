"""Trouble with a provider: what kind it is, whose fault, and whether the same call may work a moment later."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from http import HTTPStatus

from tierwise.data.errors import TierwiseError
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import FoundError, read_error

_CALLERS_FAULT = frozenset({400, 409, 413, 415, 422})


class Trouble(StrEnum):
    """``REFUSED`` is a 4xx that stays one; ``NONSENSE`` an answer that is none of the model's protocol."""

    CONNECTION = "connection"
    TIMEOUT = "timeout"
    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    REFUSED = "refused"
    NONSENSE = "nonsense"


FREE = frozenset({Trouble.CONNECTION, Trouble.RATE_LIMIT, Trouble.REFUSED, Trouble.SERVER})
"""Trouble for which no provider asks money."""

_PASSING = frozenset({Trouble.CONNECTION, Trouble.TIMEOUT, Trouble.RATE_LIMIT, Trouble.SERVER})


class ProviderError(TierwiseError):
    """A call that brought no reply. ``status``, ``body`` (decoded) and ``headers`` are the provider's, where it
    answered at all. ``code`` is short and quotes nobody: it goes into the log."""

    def __init__(
        self,
        trouble: Trouble,
        message: str,
        status: int | None = None,
        body: object = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.trouble = trouble
        self.status = status
        self.body = body
        self.code = code or trouble.value
        self.headers = headers or {}
        self.error: FoundError = read_error(body, status)

    @property
    def is_passing(self) -> bool:
        """Whether the same call may work a moment later."""
        return self.trouble in _PASSING

    @property
    def is_callers_fault(self) -> bool:
        """Whether every other provider would refuse the call too."""
        kind = self.error.kind
        return self.status in _CALLERS_FAULT and not (self.is_about_model or kind.is_about_model or kind.is_providers)

    @property
    def is_about_model(self) -> bool:
        """Whether another model may take the call, and this one is well. Some providers refuse what their own model
        wrote: a call of a tool that it got wrong."""
        return self.error.kind in (ErrorKind.CONTEXT, ErrorKind.UNSUPPORTED, ErrorKind.OUTPUT)

    @property
    def is_too_long(self) -> bool:
        """Whether the prompt does not fit the model."""
        return self.error.kind is ErrorKind.CONTEXT

    @property
    def retry_after_seconds(self) -> float | None:
        """How long the provider wants to be left alone, where it says so in seconds."""
        try:
            seconds = float(self.headers.get("retry-after", ""))
        except ValueError:
            return None
        return seconds if seconds >= 0 else None


@contextmanager
def unreadable_is_trouble(model: str) -> Iterator[None]:
    """Reads what ``model`` answered: whatever breaks inside is the answer's fault, and so a ``ProviderError``."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:  # an answer can be odd in more ways than anybody lists
        message = f"model '{model}' answered what cannot be read ({type(error).__name__})"
        raise ProviderError(Trouble.NONSENSE, message, int(HTTPStatus.BAD_GATEWAY), code="unreadable") from error


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
