"""What the runner needs of something that answers prompts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from tierwise.data.errors import TierwiseError
from tierwise.data.parts import Logprobs


class CollectError(TierwiseError):
    """Collection cannot go on: a missing package, model file or step field. The message names the fix."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which model answers, down to the bytes of its weights and the form its prompts take."""

    name: str
    sha256: str
    prompt_format: str


@dataclass(frozen=True, slots=True)
class Completion:
    """One answer. Tokens count the whole prompt; `reused_tokens` of them came from the runtime's own prefix
    cache. ``logprobs`` are those of its tokens, None where the runtime told none.
    """

    output: str
    input_tokens: int
    output_tokens: int
    reused_tokens: int
    logprobs: Logprobs | None = None
    finish_reason: str | None = None


class Backend(Protocol):
    """A model that answers one prompt at a time, always the same way."""

    @property
    def info(self) -> ModelInfo:
        """Which model this is."""
        ...

    def complete(self, text: str, max_tokens: int) -> Completion:
        """Answer `text` with at most `max_tokens` tokens."""
        ...
