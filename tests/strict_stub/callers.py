"""Callers of every protocol, as strict about what they get as the stub is about what it gets."""

import json
from dataclasses import dataclass, field
from typing import Any

PATHS = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@dataclass
class Heard:
    """What an answer says, in words of no protocol."""

    text: str = ""
    thinking: str = ""
    refusal: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: str = ""
    error: str = ""
    history: list[dict[str, Any]] = field(default_factory=list)


def request(protocol: str, text: str, *, image: bool = False, system: str = "", **more: Any) -> dict[str, Any]:
    """A request with one user message; ``tools`` are ``{name: schema}``, ``schema`` is that of the answer."""
    tools, schema = more.pop("tools", {}), more.pop("schema", None)
    body: dict[str, Any] = {"model": "auto", **more}
    if protocol == "chat":
        picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}
        content: Any = [{"type": "text", "text": text}, picture] if image else text
        first = [{"role": "system", "content": system}] if system else []
        body["messages"] = [*first, {"role": "user", "content": content}]
        functions = [{"name": name, "parameters": given} for name, given in tools.items()]
        body |= {"tools": [{"type": "function", "function": each} for each in functions]} if tools else {}
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
        return body | ({"response_format": form} if schema else {})
    if protocol == "responses":
        picture = {"type": "input_image", "image_url": f"data:image/png;base64,{PIXEL}"}
        content = [{"type": "input_text", "text": text}, *([picture] if image else [])]
        body |= {"input": [{"type": "message", "role": "user", "content": content}]}
        body |= {"instructions": system} if system else {}
        functions = [{"type": "function", "name": name, "parameters": given} for name, given in tools.items()]
        form = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
        return body | ({"tools": functions} if tools else {}) | ({"text": form} if schema else {})
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    blocks = [{"type": "text", "text": text}, *([{"type": "image", "source": source}] if image else [])]
    body |= {"max_tokens": 500, "messages": [{"role": "user", "content": blocks}]}
    body |= {"system": system} if system else {}
    functions = [{"name": name, "input_schema": given} for name, given in tools.items()]
    form = {"format": {"type": "json_schema", "schema": schema}}
    return body | ({"tools": functions} if tools else {}) | ({"output_config": form} if schema else {})


def with_results(protocol: str, body: dict[str, Any], heard: Heard, result: str) -> dict[str, Any]:
    """The next turn: every call of the answer has brought ``result``."""
    if protocol == "chat":
        calls = heard.history[0]["tool_calls"]
        results = [{"role": "tool", "tool_call_id": call["id"], "content": result} for call in calls]
        return {**body, "messages": [*body["messages"], *heard.history, *results]}
    if protocol == "responses":
        ids = [item["call_id"] for item in heard.history if item["type"] == "function_call"]
        results = [{"type": "function_call_output", "call_id": each, "output": result} for each in ids]
        return {**body, "input": [*body["input"], *heard.history, *results]}
    ids = [block["id"] for block in heard.history if block["type"] == "tool_use"]
    results = [{"type": "tool_result", "tool_use_id": each, "content": result} for each in ids]
    said = [{"role": "assistant", "content": heard.history}, {"role": "user", "content": results}]
    return {**body, "messages": [*body["messages"], *said]}


def hear(protocol: str, body: dict[str, Any]) -> Heard:
    """A whole answer."""
    return {"chat": _chat, "responses": _responses, "messages": _messages}[protocol](body)


def hear_stream(protocol: str, text: str) -> Heard:
    """A stream, put together event by event, and held against what it says at its end."""
    return {"chat": _chat_stream, "responses": _responses_stream, "messages": _messages_stream}[protocol](text)


def events(text: str) -> list[tuple[str, Any]]:
    """Name and data of each server-sent event."""
    found = []
    for block in filter(None, text.split("\n\n")):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = fields["data"]
        found.append((fields.get("event", ""), data if data == "[DONE]" else json.loads(data)))
    return found


def _chat(body: dict[str, Any]) -> Heard:
    assert body["object"] == "chat.completion"
    assert body["usage"]["total_tokens"] == body["usage"]["prompt_tokens"] + body["usage"]["completion_tokens"]
    (choice,) = body["choices"]
    message = choice["message"]
    calls = [
        (each["function"]["name"], json.loads(each["function"]["arguments"])) for each in message.get("tool_calls", ())
    ]
    thinking, refusal = message.get("reasoning_content") or "", message.get("refusal") or ""
    history = {name: value for name, value in message.items() if name in ("role", "content", "tool_calls")}
    return Heard(message["content"] or "", thinking, refusal, calls, choice["finish_reason"], history=[history])


def _chat_stream(text: str) -> Heard:
    *chunks, end = [data for _, data in events(text)]
    if end != "[DONE]":
        return Heard(error=end["error"]["message"])
    message: dict[str, Any] = {"role": "assistant", "content": "", "reasoning_content": "", "refusal": ""}
    calls: dict[int, dict[str, Any]] = {}
    reason = ""
    for choice in (choice for chunk in chunks for choice in chunk["choices"]):
        assert not reason, "nothing may follow the end"
        reason = choice["finish_reason"] or ""
        for name in ("content", "reasoning_content", "refusal"):
            message[name] += choice["delta"].get(name) or ""
        for part in choice["delta"].get("tool_calls", ()):
            call = calls.setdefault(part["index"], {"function": {"name": "", "arguments": ""}})
            call["id"] = part.get("id") or call["id"]
            call["type"] = "function"
            for name in ("name", "arguments"):
                call["function"][name] += part["function"].get(name) or ""
    if calls:
        message["tool_calls"] = [calls[n] for n in sorted(calls)]
    choice = {"index": 0, "message": message, "finish_reason": reason}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return _chat({"object": "chat.completion", "choices": [choice], "usage": usage})


def _responses(body: dict[str, Any]) -> Heard:
    assert body["object"] == "response"
    assert body["usage"]["total_tokens"] == body["usage"]["input_tokens"] + body["usage"]["output_tokens"]
    heard = Heard(
        finish=body["status"], history=[{n: v for n, v in i.items() if n != "status"} for i in body["output"]]
    )
    for item in body["output"]:
        if item["type"] == "message":
            assert item["role"] == "assistant"
            for part in item["content"]:
                heard.text += part.get("text", "")
                heard.refusal += part.get("refusal", "")
        elif item["type"] == "reasoning":
            heard.thinking += "".join(part["text"] for part in item["summary"])
        else:
            heard.calls.append((item["name"], json.loads(item["arguments"])))
    return heard


def _responses_stream(text: str) -> Heard:
    found = events(text)
    assert all(name == data["type"] for name, data in found)
    if found[-1][0] in ("response.failed", "error"):
        failed = found[-1][1]
        return Heard(error=(failed.get("response") or failed)["error"]["message"])
    numbers = [data["sequence_number"] for _, data in found]
    assert numbers == list(range(len(found)))
    assert found[0][0] == "response.created"
    items: dict[int, dict[str, Any]] = {}
    grown: dict[int, str] = {}
    for name, data in found:
        if name == "response.output_item.added":
            items[data["output_index"]] = data["item"]
        elif name.endswith(".delta"):
            assert data["item_id"] == items[data["output_index"]]["id"]
            grown[data["output_index"]] = grown.get(data["output_index"], "") + data["delta"]
        elif name == "response.output_item.done":
            item = data["item"]
            assert item["id"] == items[data["output_index"]]["id"]
            said = json.dumps(item, ensure_ascii=False)
            assert json.dumps(grown.get(data["output_index"], ""), ensure_ascii=False)[1:-1] in said
            items[data["output_index"]] = item
    body = found[-1][1]["response"]
    assert found[-1][0] in ("response.completed", "response.incomplete")
    assert [items[n] for n in sorted(items)] == body["output"]
    return _responses(body)


def _messages(body: dict[str, Any]) -> Heard:
    assert (body["type"], body["role"]) == ("message", "assistant")
    assert body["usage"]["input_tokens"] >= 0
    heard = Heard(finish=body["stop_reason"], history=body["content"])
    for block in body["content"]:
        if block["type"] == "text":
            heard.text += block["text"]
        elif block["type"] == "thinking":
            assert isinstance(block["signature"], str)
            heard.thinking += block["thinking"]
        else:
            heard.calls.append((block["name"], block["input"]))
    return heard


def _messages_stream(text: str) -> Heard:
    found = events(text)
    assert all(name == data["type"] for name, data in found)
    if found[-1][0] == "error":
        return Heard(error=found[-1][1]["error"]["message"])
    assert (found[0][0], found[-1][0]) == ("message_start", "message_stop")
    message = found[0][1]["message"]
    is_open = False
    for name, data in found:
        if name == "content_block_start":
            assert not is_open
            assert data["index"] == len(message["content"])
            is_open, json_text = True, ""
            message["content"].append(dict(data["content_block"]))
        elif name == "content_block_delta":
            block, delta = message["content"][data["index"]], data["delta"]
            kind = delta["type"]
            if kind == "input_json_delta":
                json_text += delta["partial_json"]
                continue
            field_name = {"text_delta": "text", "thinking_delta": "thinking", "signature_delta": "signature"}[kind]
            block[field_name] += delta[field_name]
        elif name == "content_block_stop":
            is_open = False
            if message["content"][-1]["type"] == "tool_use":
                message["content"][-1]["input"] = json.loads(json_text)
        elif name == "message_delta":
            message |= data["delta"]
            message["usage"] |= data["usage"]
    assert not is_open
    return _messages(message)
