"""What a strict provider refuses: fields that it does not know, parts in the wrong place, results of calls that nobody
made. Written from the providers' references and from nothing of the project's own."""

from typing import Any

CHAT = {
    "model",
    "messages",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "reasoning_effort",
    "max_tokens",
    "verbosity",
    "seed",
    "n",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "user",
    "service_tier",
    "stream",
    "stream_options",
    "metadata",
    "store",
    "logprobs",
    "prompt_cache_key",
    "frequency_penalty",
    "presence_penalty",
    "safety_identifier",
}
RESPONSES = {
    "model",
    "input",
    "instructions",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "text",
    "reasoning",
    "max_output_tokens",
    "temperature",
    "top_p",
    "user",
    "service_tier",
    "stream",
    "stream_options",
    "store",
    "include",
    "metadata",
    "client_metadata",
    "prompt_cache_key",
    "truncation",
    "previous_response_id",
    "conversation",
    "safety_identifier",
    "context_management",
    "prompt_cache_retention",
}
MESSAGES = {
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop_sequences",
    "stream",
    "thinking",
    "metadata",
    "output_config",
    "output_format",
    "service_tier",
    "context_management",
}
_SPOKEN = {"user": {"input_text", "input_image", "input_file"}, "assistant": {"output_text", "refusal"}}


def refusal(path: str, body: dict[str, Any]) -> str | None:
    """Why the body is refused; None where it is not."""
    try:
        {"chat": _chat, "responses": _responses, "messages": _messages}[path](body)
    except _Refused as problem:
        return str(problem)
    return None


class _Refused(Exception):  # noqa: N818
    pass


def _must(holds: object, what: str) -> None:
    if not holds:
        raise _Refused(what)


def _known(body: dict[str, Any], known: set[str]) -> None:
    unknown = sorted(set(body) - known)
    _must(not unknown, f"Unrecognized request argument supplied: {unknown}")


def _chat(body: dict[str, Any]) -> None:
    _known(body, CHAT)
    _must(body.get("stream_options") is None or body.get("stream"), "stream_options is only allowed with stream")
    open_calls: list[str] = []
    for message in body["messages"]:
        role = message["role"]
        _must(role in ("system", "developer", "user", "assistant", "tool"), f"unknown role {role}")
        _must(role == "tool" or not open_calls, f"calls without results: {open_calls}")
        if role == "tool":
            _must(message.get("tool_call_id") in open_calls, f"result of no call: {message.get('tool_call_id')}")
            open_calls.remove(message["tool_call_id"])
            _must(isinstance(message["content"], str | list), "a tool's content is missing")
        elif role == "assistant":
            calls = message.get("tool_calls") or []
            _must(message.get("content") is not None or calls or message.get("refusal"), "an empty assistant")
            open_calls = [call["id"] for call in calls]
            _must(all(isinstance(call["function"]["arguments"], str) for call in calls), "arguments are no text")
        else:
            _must(message.get("content"), f"no content of {role}")
    _must(not open_calls, f"calls without results: {open_calls}")
    for tool in body.get("tools") or ():
        _must(tool.get("type") == "function" and tool["function"]["name"], f"no function: {tool}")
        _must(len(tool["function"]["name"]) <= 64, "the name of a function is too long")
        _must(isinstance(tool["function"].get("parameters", {}), dict), "parameters are no schema")


def _responses(body: dict[str, Any]) -> None:
    _known(body, RESPONSES)
    if isinstance(body.get("input"), str):
        return
    calls: set[str] = set()
    for item in body["input"]:
        kind = item.get("type", "message")
        if kind == "message":
            _must(item["role"] in ("user", "assistant", "system", "developer"), f"unknown role {item['role']}")
            allowed = _SPOKEN.get(item["role"], _SPOKEN["user"])
            parts = [] if isinstance(item["content"], str) else item["content"]
            _must(all(part["type"] in allowed for part in parts), f"parts of {item['role']}: {parts}")
        elif kind in ("function_call", "custom_tool_call"):
            calls.add(item["call_id"])
            _must(isinstance(item.get("arguments", item.get("input")), str), "arguments are no text")
        elif kind in ("function_call_output", "custom_tool_call_output"):
            _must(item["call_id"] in calls or body.get("previous_response_id"), f"result of no call {item['call_id']}")
        else:
            _must(kind == "reasoning" and "summary" in item, f"unknown item {kind}")
    for tool in body.get("tools") or ():
        _must(tool["type"] in ("function", "custom", "web_search", "namespace"), f"unknown tool {tool['type']}")
        _must(tool["type"] != "function" or {"name", "parameters"} <= set(tool), f"no function: {tool}")


def _messages(body: dict[str, Any]) -> None:
    _known(body, MESSAGES)
    _must(isinstance(body.get("max_tokens"), int), "max_tokens: Field required")
    thinking = body.get("thinking") or {}
    _must(thinking.get("budget_tokens", 0) < body["max_tokens"], "max_tokens must be greater than the budget")
    asked: list[str] = []
    for n, message in enumerate(body["messages"]):
        _must(message["role"] in ("user", "assistant", "system"), f"unknown role {message['role']}")
        blocks = message["content"] if isinstance(message["content"], list) else [{"type": "text", "text": "x"}]
        _must(blocks, f"messages[{n}] is empty")
        _must(all(block.get("text", "x") for block in blocks), "text content blocks must be non-empty")
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        _must(sorted(results) == sorted(asked), f"results {results} for calls {asked}")
        _must(all(b["type"] != "tool_result" for b in blocks[len(results) :]), "results must come first")
        asked = [block["id"] for block in blocks if block["type"] == "tool_use"]
        for block in blocks:
            if block["type"] == "thinking":
                _must(str(block.get("signature")).startswith("sig-"), "Invalid signature in thinking block")
            _must(block["type"] != "tool_use" or isinstance(block["input"], dict), "input is no object")
    for tool in body.get("tools") or ():
        _must("type" in tool or isinstance(tool.get("input_schema"), dict), f"no schema: {tool}")
