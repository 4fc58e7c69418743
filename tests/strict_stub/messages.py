"""The stub in the Messages API."""

import json
from collections.abc import Iterator
from typing import Any

from tests.strict_stub.plans import Asked, Part, is_truncated, pieces, usage


def asked(body: dict[str, Any]) -> Asked:
    last = [message for message in body["messages"] if message["role"] != "system"][-1]
    blocks = _blocks(last)
    results = [block for block in blocks if block["type"] == "tool_result"]
    form = (body.get("output_config") or {}).get("format") or {}
    tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools") or ()}
    calls = [b for message in body["messages"] for b in _blocks(message) if b["type"] == "tool_use"]
    text = _text(results[-1]["content"]) if results else _text(blocks)
    return Asked(body["model"], text, tools, form.get("schema"), bool(results), len(calls))


def whole(body: dict[str, Any], parts: list[Part]) -> dict[str, Any]:
    n_in, n_out = usage(body, parts)
    reason = "tool_use" if any(part.kind == "call" for part in parts) else "end_turn"
    if any(part.kind == "refusal" for part in parts):
        reason = "refusal"
    if is_truncated(body):
        reason = "max_tokens"
    return {
        "id": "msg_s",
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": [_block(part) for part in parts],
        "stop_reason": reason,
        "stop_sequence": None,
        "usage": {"input_tokens": n_in, "output_tokens": n_out, "cache_read_input_tokens": 1},
    }


def stream(body: dict[str, Any], parts: list[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    for event in _events(body, parts):
        yield event["type"], event


def _events(body: dict[str, Any], parts: list[Part]) -> Iterator[dict[str, Any]]:
    done = whole(body, parts)
    counts = {**done["usage"], "output_tokens": 1}
    yield {"type": "message_start", "message": {**done, "content": [], "stop_reason": None, "usage": counts}}
    yield {"type": "ping"}
    for n, part in enumerate(parts):
        yield {"type": "content_block_start", "index": n, "content_block": _empty(part)}
        for text in pieces(part.text):
            yield {"type": "content_block_delta", "index": n, "delta": _delta(part, text)}
        if part.kind == "thinking":
            signed = {"type": "signature_delta", "signature": "sig-1"}
            yield {"type": "content_block_delta", "index": n, "delta": signed}
        yield {"type": "content_block_stop", "index": n}
    delta = {"stop_reason": done["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": done["usage"]["output_tokens"]}}
    yield {"type": "message_stop"}


def _block(part: Part) -> dict[str, Any]:
    if part.kind == "call":
        return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": json.loads(part.text)}
    if part.kind == "thinking":
        return {"type": "thinking", "thinking": part.text, "signature": "sig-1"}
    return {"type": "text", "text": part.text}


def _empty(part: Part) -> dict[str, Any]:
    blank = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: blank.get(name, value) for name, value in _block(part).items()}


def _delta(part: Part, text: str) -> dict[str, Any]:
    if part.kind == "call":
        return {"type": "input_json_delta", "partial_json": text}
    if part.kind == "thinking":
        return {"type": "thinking_delta", "thinking": text}
    return {"type": "text_delta", "text": text}


def _blocks(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
