"""Marks for providers that keep the beginning of a prompt where they are told to, and charge less for it then."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.agents.protocols import CHAT, MESSAGES
from tierwise.data.catalogue import Model

CAPABILITY = "cache_control"
_MARK = {"type": "ephemeral"}


@dataclass(frozen=True, slots=True)
class CacheHints:
    """``n_stable`` characters of the first message will be sent again before other endings; ``grows`` says that all of
    the conversation will be, with more behind it."""

    n_stable: int = 0
    grows: bool = False


NO_HINTS = CacheHints()


def with_cache_marks(body: Mapping[str, Any], model: Model, hints: CacheHints) -> Mapping[str, Any]:
    """``body`` with ``cache_control`` on what comes again. Models that speak chat completions keep prefixes by
    themselves and get no marks, unless their capabilities name ``cache_control``."""
    if hints == NO_HINTS or not takes_marks(model) or not body.get("messages"):
        return body
    messages = [dict(message) for message in body["messages"]]
    first, last = messages[0], messages[-1]
    content = first.get("content")
    if hints.n_stable and isinstance(content, str):
        head, rest = content[: hints.n_stable], content[hints.n_stable :]
        first["content"] = [_marked(head), *([{"type": "text", "text": rest}] if rest else [])]
    if hints.grows and isinstance(last.get("content"), str) and last["content"]:
        last["content"] = [_marked(last["content"])]
    return {**body, "messages": messages}


def takes_marks(model: Model) -> bool:
    """Whether ``cache_control`` means something to the model's provider.

    >>> takes_marks(Model("claude", protocols=("messages",))), takes_marks(Model("gpt"))
    (True, False)
    """
    if CAPABILITY in model.capabilities:
        return True
    return CHAT.name not in model.protocols and bool(model.protocols) and model.protocols[0] == MESSAGES.name


def _marked(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text, "cache_control": _MARK}
