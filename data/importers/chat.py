"""Chat requests and answers in the shapes that tools log: OpenAI's, the GenAI conventions' parts, LangChain's."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from tierwise.data.importers.records import Answer, ToolCall

_LANGCHAIN_ROLES = {
    "humanmessage": "user", "human": "user", "aimessage": "assistant", "ai": "assistant", "aimessagechunk": "assistant",
    "systemmessage": "system", "toolmessage": "tool", "functionmessage": "tool",
}  # fmt: skip


def decoded(value: object) -> Any:
    """JSON text becomes what it says; anything else, and text that is no JSON, stays as it is."""
    if isinstance(value, str) and value[:1] in ("{", "[", '"') and value:
        with suppress(ValueError, RecursionError):
            return json.loads(value)
    return value


def plain_messages(raw: object) -> list[dict[str, Any]]:
    """Messages as the step log wants them. A text is one message of the user; what has no known shape is left out."""
    raw = decoded(raw)
    if isinstance(raw, str):
        return [{"role": "user", "content": raw}] if raw else []
    if isinstance(raw, Mapping):
        inner = next((raw[key] for key in ("messages", "input", "prompt", "prompts") if raw.get(key)), None)
        return plain_messages(inner) if inner is not None else [_message(raw)] if _is_message(raw) else []
    if not isinstance(raw, Sequence):
        return []
    if all(isinstance(item, str) for item in raw):
        return [{"role": "user", "content": item} for item in raw if item]
    items = [item for part in raw for item in (part if isinstance(part, list) else [part])]  # LangChain nests once
    return [_message(item) for item in items if isinstance(item, Mapping) and _is_message(item)]


def plain_tools(raw: object) -> list[dict[str, Any]]:
    """Tools in OpenAI's wrapping, Anthropic's ``input_schema``, or plain."""
    raw = decoded(raw)
    if not isinstance(raw, list):
        return []
    tools = []
    for item in (decoded(item) for item in raw):
        if not isinstance(item, Mapping):
            continue
        inner = item.get("function")
        tool = inner if isinstance(inner, Mapping) else item
        schema = decoded(tool.get("parameters") or tool.get("input_schema") or tool.get("parameters_json_schema") or {})
        plain = {"name": str(tool.get("name") or ""), "description": str(tool.get("description") or "")}
        tools.append(plain | {"parameters": schema if isinstance(schema, Mapping) else {}})
    return tools


def response_schema(raw: object) -> Mapping[str, Any] | None:
    """The JSON schema inside OpenAI's ``response_format``; ``json_object`` asks for an object of any kind."""
    raw = decoded(raw)
    if not isinstance(raw, Mapping):
        return None
    if raw.get("type") == "json_object":
        return {"type": "object"}
    wrapper = raw.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def answer_of(raw: object) -> Answer | None:
    """The answer inside a completion, a message, a list of messages, or a text."""
    raw = decoded(raw)
    if isinstance(raw, str):
        return Answer(text=raw)
    if isinstance(raw, Mapping):
        choices = raw.get("choices")
        if isinstance(choices, list) and choices and isinstance(choices[0], Mapping):
            return _message_answer(choices[0].get("message") or {}, choices[0].get("finish_reason"))
        generations = raw.get("generations")
        if isinstance(generations, list) and generations:
            return answer_of(generations[0])
        if isinstance(raw.get("messages"), list):
            return answer_of(raw["messages"])
        return _message_answer(raw.get("message") or raw, raw.get("finish_reason"))
    if isinstance(raw, list) and raw:
        return answer_of(raw[-1])
    return None


def usage_of(raw: object) -> dict[str, int | None]:
    """``input_tokens``, ``output_tokens``, ``cached_tokens`` and ``cache_write_tokens`` of any usage object."""
    usage = dict(raw) if isinstance(raw, Mapping) else {}
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    details = details or usage.get("input_token_details") or usage.get("prompt_token_details") or {}
    return {
        "input_tokens": first_count(usage, "input_tokens", "prompt_tokens"),
        "output_tokens": first_count(usage, "output_tokens", "completion_tokens"),
        "cached_tokens": first_count(
            usage | dict(details), "cached_tokens", "cache_read", "cache_read_input_tokens", "cache_read_tokens"
        ),
        "cache_write_tokens": first_count(
            usage | dict(details), "cache_write_tokens", "cache_creation", "cache_creation_input_tokens"
        ),
    }


def first_count(values: Mapping[str, Any], *names: str) -> int | None:
    """The first of ``names`` that holds a count; protocols write large integers as text."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str) and value.isdigit():
            value = int(value)
        if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
            return int(value)
    return None


def first_amount(values: Mapping[str, Any], *names: str) -> float | None:
    """The first of ``names`` that holds an amount; decimals are often written as text."""
    for name in names:
        value = values.get(name)
        if isinstance(value, str):
            with suppress(ValueError):
                value = float(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
    return None


def _is_message(raw: Mapping[str, Any]) -> bool:
    return "role" in raw or "kwargs" in raw or ("type" in raw and "content" in raw)


def _message(raw: Mapping[str, Any]) -> dict[str, Any]:
    kwargs = raw.get("kwargs")
    if isinstance(kwargs, Mapping):  # LangChain's serialised form: {"lc": 1, "id": [..., "HumanMessage"], "kwargs": …}
        kind = raw["id"][-1] if isinstance(raw.get("id"), list) and raw["id"] else kwargs.get("type", "user")
        return _message({"role": kind, **{k: v for k, v in kwargs.items() if k in ("content", "tool_calls")}})
    role = str(raw.get("role") or raw.get("type") or "user")
    role = _LANGCHAIN_ROLES.get(role.lower(), role)
    kept = {key: raw[key] for key in ("tool_calls", "tool_call_id", "name") if raw.get(key)}
    parts = raw.get("parts")
    if isinstance(parts, list):  # the GenAI conventions
        calls = [_part_call(part) for part in parts if isinstance(part, Mapping) and part.get("type") == "tool_call"]
        kept |= {"tool_calls": calls} if calls else {}
        return {"role": role, "content": "\n".join(_part_texts(parts))} | kept
    content = raw.get("content")
    if content is not None and not isinstance(content, str | list):
        content = json.dumps(content, default=str)
    if isinstance(content, list):
        content = "\n".join(_part_texts(content))
    return {"role": role, "content": content or ""} | kept


def _part_texts(parts: Sequence[object]) -> list[str]:
    texts = []
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        elif isinstance(part, Mapping):
            found = part.get("text", part.get("content", part.get("response", part.get("result"))))
            if found is not None and part.get("type") != "tool_call":
                texts.append(found if isinstance(found, str) else json.dumps(found, default=str))
    return texts


def _part_call(part: Mapping[str, Any]) -> dict[str, Any]:
    arguments = part.get("arguments")
    text = arguments if isinstance(arguments, str) else json.dumps(arguments, default=str)
    return {"id": part.get("id"), "type": "function", "function": {"name": part.get("name"), "arguments": text}}


def _message_answer(raw: object, finish_reason: object) -> Answer | None:
    if not isinstance(raw, Mapping):
        return Answer(text=raw) if isinstance(raw, str) else None
    if not _is_message(raw):
        text = raw.get("text", raw.get("output"))
        return Answer(text=text) if isinstance(text, str) else None
    message = _message(raw)
    calls = []
    for call in message.get("tool_calls") or ():
        if isinstance(call, Mapping):
            function = call.get("function")
            inner = function if isinstance(function, Mapping) else call
            calls.append(ToolCall(str(inner.get("name") or ""), inner.get("arguments", inner.get("args"))))
    reason = finish_reason or raw.get("finish_reason")
    return Answer(message["content"] or None, tuple(calls), reason if isinstance(reason, str) else None)
