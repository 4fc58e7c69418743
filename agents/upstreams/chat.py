"""From a step to the chat request that carries it out."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.catalogue import Model
from tierwise.data.records import Step

_BYTES_PER_TOKEN = 3.0  # on the safe side: English has about four, code and other scripts fewer
_TOKENS_PER_MESSAGE = 8


def chat_messages(step: Step) -> list[dict[str, Any]]:
    """The step's messages, or its text as the user's."""
    if not step.messages:
        return [{"role": "user", "content": step.text}]
    return [{"role": each.role, "content": each.content, **each.extra} for each in step.messages]


def chat_body(
    step: Step, model: Model, messages: Sequence[Mapping[str, Any]], parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The request to ``model``; ``parameters`` (temperature, max_tokens, ...) go along unchanged.

    A response schema is sent to models whose capabilities name ``json``; the others get it from the prompt or not.
    """
    body: dict[str, Any] = {**parameters, "model": model.name, "messages": [dict(message) for message in messages]}
    if step.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": t.name, "description": t.description, "parameters": dict(t.parameters)},
            }
            for t in step.tools
        ]
    if step.response_schema is not None and "json" in model.capabilities:
        schema = {"name": "answer", "schema": dict(step.response_schema)}
        body.setdefault("response_format", {"type": "json_schema", "json_schema": schema})
    return body


def estimate_tokens(body: Mapping[str, Any]) -> int:
    """The prompt's tokens, on the safe side; for budgets, before a call is made."""
    messages = body.get("messages") or []
    texts = json.dumps([messages, body.get("tools")], ensure_ascii=False, default=str)
    return int(len(texts.encode("utf-8", "replace")) / _BYTES_PER_TOKEN) + _TOKENS_PER_MESSAGE * len(messages)
