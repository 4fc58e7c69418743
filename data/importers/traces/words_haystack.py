"""The words of Haystack's own tracing: spans of components, of which generators answer with replies."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools
from tierwise.data.replies.answers import Answer, read_message
from tierwise.data.replies.finish import finish_reason
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import read_usage

_INPUT, _OUTPUT = "haystack.component.input", "haystack.component.output"


def said_in_haystack(words: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a generator's span says of its call; None for other components, which have no replies."""
    asked, told = _object(words.get(_INPUT)), _object(words.get(_OUTPUT))
    replies = told.get("replies")
    if not isinstance(replies, list) or not replies:
        return None
    beside = told.get("meta")
    meta = _object(beside[0]) if isinstance(beside, list) and beside else {}
    meta = _object(_object(replies[0]).get("meta") or _object(replies[0]).get("_meta")) or meta
    read = read_request({key: asked.get(key) for key in ("messages", "prompt")} if asked else None)
    return {
        "messages": read.messages,
        "tools": plain_tools(asked.get("tools")),
        "response_schema": None,
        "model": meta.get("model"),
        "usage": read_usage(meta.get("usage")),
        "cost_usd": None,
        "answer": _answer(replies[0], meta.get("finish_reason")),
        "asked": asked,
        "problem": read.problem or f"{_INPUT} is {'there and holds no messages' if asked else 'not there'}",
    }


def _answer(reply: object, reason: object) -> Answer | None:
    found = read_message(reply)
    return None if found is None else replace(found, finish_reason=found.finish_reason or finish_reason(reason))


def _object(raw: object) -> Mapping[str, Any]:
    value = decoded(raw)
    return value if isinstance(value, Mapping) else {}
