"""Errors by kind, whatever a provider, a client or a tool's log calls them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.replies.counts import count
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.error_words import PATTERNS, SAID_BY_PROVIDERS, UNREADABLE_REPLY
from tierwise.data.replies.finish import ERROR, finish_reason

_BY_STATUS = {
    401: ErrorKind.AUTH, 402: ErrorKind.QUOTA, 403: ErrorKind.AUTH, 404: ErrorKind.NOT_FOUND, 408: ErrorKind.TIMEOUT,
    413: ErrorKind.CONTEXT, 429: ErrorKind.RATE_LIMIT, 499: ErrorKind.CANCELLED, 504: ErrorKind.TIMEOUT,
    529: ErrorKind.SERVER,
}  # fmt: skip
_MAX_CHARS = 4_000


@dataclass(frozen=True, slots=True)
class FoundError:
    """An error as somebody told it, and its kind. ``status`` is the HTTP code, where one is named."""

    kind: ErrorKind
    message: str
    code: str | None = None
    status: int | None = None


def error_kind(*words: object, status: int | None = None) -> ErrorKind:
    """The kind of an error that is known by its class, its code or its message, and maybe by a status.

    >>> error_kind("litellm.RateLimitError").value, error_kind("prompt is too long: 9 > 8").value
    ('rate_limit', 'context')
    """
    status = status or next((found for word in words if (found := _status(word)) is not None), None)
    by_status = _BY_STATUS.get(status or 0)
    if by_status is ErrorKind.RATE_LIMIT and not any("quota" in str(word).lower() for word in words):
        return by_status
    told = [part for word in words if isinstance(word, str) for part in _told(word)]
    is_refused = False
    for number, text in enumerate(told):
        kind = next((kind for kind, pattern in PATTERNS if text and pattern.search(text)), None)
        if kind is ErrorKind.OUTPUT and is_refused and not SAID_BY_PROVIDERS.search(text):
            return ErrorKind.REQUEST  # the request did not fit its form, not the answer
        if kind is ErrorKind.OUTPUT and any(UNREADABLE_REPLY.search(part) for part in told):
            return ErrorKind.SERVER
        if kind is ErrorKind.REQUEST and number < len(told) - 1:
            is_refused = True
        elif kind is not None:
            return kind
    if by_status is not None:
        return by_status
    if status is not None and status >= 500:
        return ErrorKind.SERVER
    return ErrorKind.UNKNOWN if status is None or status < 400 else ErrorKind.REQUEST


def _told(word: str) -> Iterator[str]:
    """The class that a message begins with comes first, since it knows what happened; of a traceback its last line
    counts and not the code that it passed through."""
    before, traceback, after = word.partition("Traceback (most recent call last)")
    if traceback:
        word = before.strip() or after.rstrip().rpartition("\n")[2].strip()
    word = rest = word[:_MAX_CHARS]
    while (leading := _LEADING_CLASS.match(rest)) is not None:
        yield leading.group(1)
        rest = rest[leading.end() :]
    yield word


_LEADING_CLASS = re.compile(r"\s*([\w.]*(?:Error|Exception|Timeout)\w*)\s*[:(]")


def read_error(body: object, status: int | None = None) -> FoundError:
    """The error in the body of a refusal, in OpenAI's form, Anthropic's, FastAPI's, flat as vLLM writes it, or as the
    first of a list, as Google's and Cloudflare's."""
    body = _only(body)
    outer = body if isinstance(body, Mapping) else {}
    inner = outer.get("error")
    error = inner if isinstance(inner, Mapping) else outer
    if isinstance(error.get("error"), Mapping) and not error.get("message"):
        error = error["error"]  # a body inside another's, as batches of Anthropic keep it
    message = next(
        (_text(error[key]) for key in ("message", "Message", "detail", "msg", "error_msg", "reason") if error.get(key)),
        None,
    )
    if message is None:
        message = inner if isinstance(inner, str) else _text(body) if body else ""
    codes = [error.get(key) for key in ("code", "type", "status", "__type")]
    words = [code for code in codes if isinstance(code, str) and not code.isdigit()]
    raw = _raw(error)
    stated = next((found for code in codes if (found := _status(code)) is not None), None)
    status = stated if status in (None, 200) else status
    kind = error_kind(*[word for word in words if word not in _VAGUE], f"{message} {raw}", *words, status=status)
    return FoundError(kind, message, words[0] if words else None, status)


def _only(body: object) -> object:
    """The first of several errors, which is mostly the only one."""
    if isinstance(body, Mapping) and "error" not in body:
        first = next(iter(_mappings(body.get("errors"))), None)
        return body if first is None else first
    return next(iter(_mappings(body)), body)


_VAGUE = frozenset({"error", "api_error", "APIError", "invalid_request_error", "BadRequestError", "server_error"})


def is_about_usage_option(body: object, status: int | None) -> bool:
    """Whether a refusal may be about the ``stream_options`` that were added to a request: it says so, or it is one of
    a bad request that names nothing else."""
    if status not in (400, 404, 405, 415, 422, 500, 501):
        return False
    text = _text(body).lower()
    if "stream_options" in text or "include_usage" in text or "stream options" in text:
        return True
    error = read_error(body, status)
    return status in (400, 422) and error.kind in (ErrorKind.REQUEST, ErrorKind.UNKNOWN) and not _names_field(body)


def find_error(answer: object) -> FoundError | None:
    """The error inside an answer that came with status 200: beside ``choices``, in a choice, in a chunk of a stream,
    or as the whole. None for an answer."""
    if not isinstance(answer, Mapping):
        return None
    if _says_something(answer.get("error")) or "error" in (answer.get("object"), answer.get("type")):
        return read_error(answer)
    for choice in _mappings(answer.get("choices")):
        if choice.get("error"):
            return read_error({"error": choice["error"]})
        if finish_reason(choice.get("finish_reason")) == ERROR:
            return FoundError(ErrorKind.SERVER, f"the answer ended with '{choice['finish_reason']}'")
    return None


def _says_something(error: object) -> bool:
    """Some servers send the object of an error in every answer, with nothing in it."""
    return any(error.values()) if isinstance(error, Mapping) else bool(error)


def _status(raw: object) -> int | None:
    """Traces and proxies give the HTTP status where others give a class."""
    found = count(raw)
    return found if found is not None and 400 <= found < 600 else None


def _mappings(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def _names_field(body: object) -> bool:
    error = body.get("error") if isinstance(body, Mapping) else None
    return isinstance(error, Mapping) and bool(error.get("param"))


def _raw(error: Mapping[str, Any]) -> str:
    """What OpenRouter passes on of the provider's own words."""
    metadata = error.get("metadata")
    return _text(metadata.get("raw") or "") if isinstance(metadata, Mapping) else ""


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else str(raw)[:_MAX_CHARS]
