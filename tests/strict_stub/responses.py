"""The stub in the Responses API."""

from collections.abc import Iterator
from typing import Any

from tests.strict_stub.plans import Asked, Part, is_truncated, pieces, usage


def asked(body: dict[str, Any]) -> Asked:
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    last, spoken = items[-1], [item for item in items if item.get("role") == "user"]
    form = (body.get("text") or {}).get("format") or {}
    tools = {tool["name"]: tool.get("parameters", {}) for tool in body.get("tools") or () if "name" in tool}
    is_result = str(last.get("type")).endswith("_output")
    calls = [item for item in items if str(item.get("type")).endswith("_call")]
    text = _text(last["output"]) if is_result else _text(spoken[-1]["content"])
    return Asked(body["model"], text, tools, form.get("schema"), is_result, len(calls))


def whole(body: dict[str, Any], parts: list[Part], status: str = "completed") -> dict[str, Any]:
    n_in, n_out = usage(body, parts)
    done = status == "completed"
    is_cut = done and is_truncated(body)
    counts = {
        "input_tokens": n_in,
        "input_tokens_details": {"cached_tokens": 1},
        "output_tokens": n_out,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": n_in + n_out,
    }
    return {
        "id": f"resp_s{n_in}",
        "object": "response",
        "created_at": 1,
        "status": "incomplete" if is_cut else status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if is_cut else None,
        "instructions": body.get("instructions"),
        "metadata": {},
        "model": body["model"],
        "output": [_item(n, part) for n, part in enumerate(parts)] if done else [],
        "parallel_tool_calls": True,
        "temperature": 1.0,
        "tool_choice": body.get("tool_choice", "auto"),
        "tools": body.get("tools", []),
        "top_p": 1.0,
        "usage": counts if done else None,
    }


def stream(body: dict[str, Any], parts: list[Part]) -> Iterator[tuple[str, dict[str, Any]]]:
    for n, event in enumerate(_events(body, parts)):
        yield event["type"], {**event, "sequence_number": n}


def _events(body: dict[str, Any], parts: list[Part]) -> Iterator[dict[str, Any]]:
    begun = whole(body, [], "in_progress")
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for n, part in enumerate(parts):
        item = _item(n, part)
        place = {"item_id": item["id"], "output_index": n}
        yield {"type": "response.output_item.added", "output_index": n, "item": _empty(item)}
        yield from _grown(part, place, item)
        yield {"type": "response.output_item.done", "output_index": n, "item": item}
    done = whole(body, parts)
    yield {"type": f"response.{done['status']}", "response": done}


def _grown(part: Part, place: dict[str, Any], item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if part.kind == "call":
        for text in pieces(part.text):
            yield {"type": "response.function_call_arguments.delta", **place, "delta": text}
        done = {"arguments": part.text, "name": part.name}
        yield {"type": "response.function_call_arguments.done", **place, **done}
    elif part.kind == "thinking":
        summary = {**place, "summary_index": 0}
        empty = {"type": "summary_text", "text": ""}
        yield {"type": "response.reasoning_summary_part.added", **summary, "part": empty}
        for text in pieces(part.text):
            yield {"type": "response.reasoning_summary_text.delta", **summary, "delta": text}
        yield {"type": "response.reasoning_summary_text.done", **summary, "text": part.text}
        yield {"type": "response.reasoning_summary_part.done", **summary, "part": item["summary"][0]}
    else:
        content = {**place, "content_index": 0}
        name, key = ("refusal", "refusal") if part.kind == "refusal" else ("output_text", "text")
        blank = {**item["content"][0], key: ""}
        yield {"type": "response.content_part.added", **content, "part": blank}
        for text in pieces(part.text):
            yield {"type": f"response.{name}.delta", **content, "delta": text, "logprobs": []}
        yield {"type": f"response.{name}.done", **content, key: part.text, "logprobs": []}
        yield {"type": "response.content_part.done", **content, "part": item["content"][0]}


def _item(n: int, part: Part) -> dict[str, Any]:
    if part.kind == "call":
        head = {"type": "function_call", "id": f"fc_{n}", "call_id": part.call_id, "status": "completed"}
        return {**head, "name": part.name, "arguments": part.text}
    if part.kind == "thinking":
        said = [{"type": "summary_text", "text": part.text}]
        return {"type": "reasoning", "id": f"rs_{n}", "summary": said, "encrypted_content": "enc-1"}
    words = {"type": "output_text", "text": part.text, "annotations": [], "logprobs": []}
    content = {"type": "refusal", "refusal": part.text} if part.kind == "refusal" else words
    head = {"type": "message", "id": f"msg_{n}", "status": "completed", "role": "assistant"}
    return {**head, "content": [content]}


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    blank = {"arguments": "", "summary": [], "content": [], "encrypted_content": None}
    return {name: blank.get(name, value) for name, value in item.items()}


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)
