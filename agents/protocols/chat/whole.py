"""A whole chat completion as the chunks that it would have come in."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.agents.protocols.protocol import Frame


def chunks_of(body: Mapping[str, Any], frame: Frame) -> Iterator[dict[str, Any]]:
    """One chunk with what every choice says, one with why they ended, and the usage where the caller wants it."""
    left_out = ("object", "choices", "usage")
    head = {"id": frame.answer_id, "created": frame.created, "model": frame.model}
    head |= {name: value for name, value in body.items() if name not in left_out and value is not None}
    head["object"] = "chat.completion.chunk"
    choices = [choice for choice in body.get("choices") or () if isinstance(choice, Mapping)]
    yield {**head, "choices": [_said(choice, place) for place, choice in enumerate(choices)]}
    yield {**head, "choices": [_ended(choice, place) for place, choice in enumerate(choices)]}
    options = frame.asked.get("stream_options")
    if isinstance(options, Mapping) and options.get("include_usage") and body.get("usage") is not None:
        yield {**head, "choices": [], "usage": body["usage"]}


def _said(choice: Mapping[str, Any], place: int) -> dict[str, Any]:
    message = choice.get("message")
    delta = (
        {name: value for name, value in message.items() if value is not None} if isinstance(message, Mapping) else {}
    )
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        delta["tool_calls"] = [{"index": n, **call} for n, call in enumerate(calls) if isinstance(call, Mapping)]
    told = {} if choice.get("logprobs") is None else {"logprobs": choice["logprobs"]}
    delta = {"role": "assistant", **delta}
    return {"index": choice.get("index", place), "delta": delta, **told, "finish_reason": None}


def _ended(choice: Mapping[str, Any], place: int) -> dict[str, Any]:
    return {"index": choice.get("index", place), "delta": {}, "finish_reason": choice.get("finish_reason") or "stop"}
