"""Messages flattened into attributes: ``gen_ai.prompt.0.content``, ``llm.input_messages.0.message.role``."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.data.importers.reading.requests import plain_messages
from tierwise.data.replies.answers import Answer, read_message
from tierwise.data.replies.parts import parts_in


def indexed_messages(words: Mapping[str, Any], prefix: str, inner: str = "") -> list[dict[str, Any]]:
    """The messages under ``prefix.N.inner``, with tool calls and content parts flattened once more."""
    return plain_messages(raw_messages(words, prefix, inner))


def indexed_answer(words: Mapping[str, Any], prefix: str, inner: str = "") -> Answer | None:
    """The last of the messages, as an answer; without any role they are the parts of one."""
    messages = raw_messages(words, prefix, inner)
    if len(messages) > 1 and not any(f"{inner}role" in flat for flat in indexed(words, prefix)):
        return read_message({"content": [message["content"] for message in messages]})
    return read_message(messages[-1]) if messages else None


def raw_messages(words: Mapping[str, Any], prefix: str, inner: str) -> list[dict[str, Any]]:
    """The same as they stand there, parts that are no text included."""
    messages = []
    for flat in indexed(words, prefix):
        own = {key.removeprefix(inner): value for key, value in flat.items()}
        calls = [
            {"id": call.get("tool_call.id", call.get("id")),
             "name": call.get("tool_call.function.name", call.get("name")),
             "arguments": call.get("tool_call.function.arguments", call.get("arguments"))}
            for call in indexed(own, "tool_calls.")
        ]  # fmt: skip
        message: dict[str, Any] = {"role": own.get("role") or "user", "content": _content(own)}
        kept = {key: own[key] for key in ("tool_call_id", "name", "finish_reason") if own.get(key)}
        single = own.get("function_call_name")
        if single:
            calls.append({"id": None, "name": single, "arguments": own.get("function_call_arguments_json")})
        messages.append(message | kept | ({"tool_calls": calls} if calls else {}))
    return messages


def indexed(words: Mapping[str, Any], prefix: str) -> Iterator[dict[str, Any]]:
    """The attributes ``prefix.0.…``, ``prefix.1.…`` as one mapping an index, in order."""
    found: dict[int, dict[str, Any]] = {}
    for key, value in words.items():
        if key.startswith(prefix):
            number, _, rest = key.removeprefix(prefix).partition(".")
            if number.isdigit() and rest:
                found.setdefault(int(number), {})[rest] = value
    for index in sorted(found):
        yield found[index]


def _content(own: Mapping[str, Any]) -> Any:
    content = own.get("content") or own.get("text")
    if content is not None and content != "":
        return (parts_in(content) or content) if isinstance(content, str) else content
    parts = [_nested(part) for part in indexed(own, "content.")]  # Bedrock's blocks, as Strands flattens them
    parts += [_nested(own)] if any(key.startswith("toolUse.") for key in own) else []
    for part in indexed(own, "contents."):
        named = {key.removeprefix("message_content."): value for key, value in part.items()}
        parts.append({"type": "text" if named.get("text") else "part", **named})
    return parts or ""


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted names as mappings in each other; a mapping whose names are numbers is a list."""
    nested: dict[str, Any] = {}
    for key, value in flat.items():
        name, _, rest = key.partition(".")
        if rest:
            inner = nested.setdefault(name, {})
            nested[name] = {**inner, rest: value} if isinstance(inner, dict) else value
        else:
            nested[name] = value
    whole = {key: _nested(value) if isinstance(value, dict) else value for key, value in nested.items()}
    return {key: _listed(value) for key, value in whole.items()}


def _listed(value: Any) -> Any:
    is_list = isinstance(value, dict) and value and all(key.isdigit() for key in value)
    return [value[key] for key in sorted(value, key=int)] if is_list else value
