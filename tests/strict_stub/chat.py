"""The stub in chat completions."""

from collections.abc import Iterator
from typing import Any

from tests.strict_stub.plans import Asked, Part, is_truncated, pieces, usage


def asked(body: dict[str, Any]) -> Asked:
    last = body["messages"][-1]
    spoken = [message for message in body["messages"] if message["role"] == "user"]
    form = (body.get("response_format") or {}).get("json_schema")
    tools = {tool["function"]["name"]: tool["function"].get("parameters", {}) for tool in body.get("tools") or ()}
    calls = [call for message in body["messages"] for call in message.get("tool_calls") or ()]
    text = _text(last if last["role"] == "tool" else spoken[-1])
    return Asked(body["model"], text, tools, form and form["schema"], last["role"] == "tool", len(calls))


def whole(body: dict[str, Any], parts: list[Part]) -> dict[str, Any]:
    n_in, n_out = usage(body, parts)
    message: dict[str, Any] = {"role": "assistant", "content": _of("text", parts), "refusal": _of("refusal", parts)}
    if thought := _of("thinking", parts):
        message["reasoning_content"] = thought
    calls = [_call(part) for part in parts if part.kind == "call"]
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": _reason(body, bool(calls)), "logprobs": None}
    counts = {"prompt_tokens": n_in, "completion_tokens": n_out, "total_tokens": n_in + n_out}
    head = {"id": "chatcmpl-s", "object": "chat.completion", "created": 1, "model": body["model"]}
    return {**head, "choices": [choice], "usage": {**counts, "prompt_tokens_details": {"cached_tokens": 1}}}


def stream(body: dict[str, Any], parts: list[Part]) -> Iterator[tuple[str | None, dict[str, Any] | str]]:
    head = {"id": "chatcmpl-s", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

    def piece(delta: dict[str, Any], reason: str | None = None) -> tuple[None, dict[str, Any]]:
        return None, {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield piece({"role": "assistant", "content": ""})
    n_calls = 0
    for part in parts:
        if part.kind == "call":
            call = _call(part)
            call["function"] = {"name": part.name, "arguments": ""}
            yield piece({"tool_calls": [{"index": n_calls, **call}]})
            for text in pieces(part.text):
                yield piece({"tool_calls": [{"index": n_calls, "function": {"arguments": text}}]})
            n_calls += 1
        else:
            field = {"text": "content", "thinking": "reasoning_content", "refusal": "refusal"}[part.kind]
            for text in pieces(part.text):
                yield piece({field: text})
    yield piece({}, _reason(body, n_calls > 0))
    if (body.get("stream_options") or {}).get("include_usage"):
        yield None, {**head, "choices": [], "usage": whole(body, parts)["usage"]}
    yield None, "[DONE]"


def _reason(body: dict[str, Any], has_calls: bool) -> str:
    return "tool_calls" if has_calls else "length" if is_truncated(body) else "stop"


def _call(part: Part) -> dict[str, Any]:
    return {"id": part.call_id, "type": "function", "function": {"name": part.name, "arguments": part.text}}


def _of(kind: str, parts: list[Part]) -> str | None:
    return "".join(part.text for part in parts if part.kind == kind) or None


def _text(message: dict[str, Any]) -> str:
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
