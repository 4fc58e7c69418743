"""What an endpoint's refusals teach: options that it does not take, and prompts that are too long for it."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.upstreams.errors import ProviderError
from tierwise.data.replies.errors import is_about_usage_option

# What may be left out or said otherwise where a model refuses it: we added it, or it is a hint.
_OPTIONAL = ("stream_options", "reasoning_effort", "parallel_tool_calls", "service_tier", "user", "strict", "logprobs")
_OTHERWISE = {"max_completion_tokens": "max_tokens"}
_BAD_REQUEST = frozenset({400, 422})


class Lessons:
    """Belongs to one endpoint. Sizes are those of request bodies, in bytes."""

    def __init__(self) -> None:
        self._refused: set[str] = set()
        self._too_long_bytes: int | None = None
        self._told: set[str] = set()

    def fitted(self, body: Mapping[str, Any], optional: frozenset[str]) -> Mapping[str, Any]:
        """``body`` without those of the ``optional`` fields that were refused before."""
        for name in self._refused & optional:
            body = without(body, name)
        return body

    def note_refused(self, name: str) -> None:
        self._refused.add(name)

    def is_news(self, what: str) -> bool:
        """Whether ``what`` is told for the first time."""
        if what in self._told:
            return False
        self._told.add(what)
        return True

    def refused_size(self) -> int | None:
        """The shortest body that was too long, as far as known."""
        return self._too_long_bytes

    def note_too_long(self, n_bytes: int) -> None:
        known = self._too_long_bytes
        self._too_long_bytes = n_bytes if known is None else min(known, n_bytes)

    def note_fits(self, n_bytes: int) -> None:
        """A body as long as one that was refused has fitted after all: texts differ in their tokens."""
        if self._too_long_bytes is not None and n_bytes >= self._too_long_bytes:
            self._too_long_bytes = None


def refused_option(error: ProviderError, body: Mapping[str, Any], optional: frozenset[str]) -> str | None:
    """The field of ``optional`` that a refusal is about; None when it is about something else."""
    text = str(error.body)
    if error.status in _BAD_REQUEST:
        for name in (*_OPTIONAL, *_OTHERWISE):
            if name in optional and name in body and name in text:
                return name
    may_be_usage = "stream_options" in optional and "stream_options" in body
    return "stream_options" if may_be_usage and is_about_usage_option(error.body, error.status) else None


def without(body: Mapping[str, Any], name: str) -> dict[str, Any]:
    """``body`` without ``name``, or with what says the same."""
    left = {key: value for key, value in body.items() if key != name}
    if name in _OTHERWISE and name in body:
        left[_OTHERWISE[name]] = body[name]
    return left


OPTIONAL_WHEN_TRANSLATED = frozenset((*_OPTIONAL, *_OTHERWISE))
