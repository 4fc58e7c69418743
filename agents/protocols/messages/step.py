"""What of a Messages request the router learns: its conversation, tools and schema, as chat completions have them.

Reading is lenient: what a provider may know and we do not is passed over, because the request may go to it as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.agents.protocols.fields import word
from tierwise.data.replies.json_text import write_json

_MEDIA = {"image": "vision", "document": "files"}


def messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    system = _texts(body.get("system"))
    found: list[dict[str, Any]] = [{"role": "system", "content": system}] if system else []
    for raw in body["messages"]:
        if isinstance(raw, Mapping):
            found += _messages(raw)
    return found


def functions_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The caller's tools; those that the provider defines have no schema to learn from."""
    return [
        {"name": str(tool.get("name")), "description": _text(tool.get("description")), "parameters": schema}
        for tool in tools_of(body)
        if isinstance(schema := tool.get("input_schema"), Mapping)
    ]


def tools_of(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    tools = body.get("tools")
    return (tool for tool in (tools if isinstance(tools, list) else ()) if isinstance(tool, Mapping))


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    config = body.get("output_config")
    form = (config.get("format") if isinstance(config, Mapping) else None) or body.get("output_format")
    schema = form.get("schema") if isinstance(form, Mapping) else None
    return schema if isinstance(schema, Mapping) else None


def needs_of(body: Mapping[str, Any]) -> frozenset[str]:
    needs = {"tools"} if body.get("tools") else set()
    if schema_of(body) is not None:
        needs.add("json")
    for raw in body["messages"]:
        for block in _blocks(raw.get("content") if isinstance(raw, Mapping) else None):
            for each in (block, *_blocks(block.get("content"))):
                if word(each.get("type")) in _MEDIA:
                    needs.add(_MEDIA[str(each["type"])])
    return frozenset(needs)


def _messages(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A message, and before it the results of tools that stand in it."""
    content = message.get("content")
    for block in _blocks(content):
        if block.get("type") == "tool_result":
            call_id = _text(block.get("tool_use_id"))
            yield {"role": "tool", "tool_call_id": call_id, "content": _texts(block.get("content"))}
    calls = [_call(block) for block in _blocks(content) if block.get("type") == "tool_use"]
    text = _texts(content)
    if text or calls or isinstance(content, str):
        said = {"role": _text(message.get("role")) or "user", "content": text}
        yield {**said, "tool_calls": calls} if calls else said


def _call(block: Mapping[str, Any]) -> dict[str, Any]:
    arguments = write_json(block.get("input") or {}).decode()
    return {
        "id": _text(block.get("id")),
        "type": "function",
        "function": {"name": _text(block.get("name")), "arguments": arguments},
    }


def _texts(content: object) -> str:
    if isinstance(content, str):
        return content
    texts = (block["text"] for block in _blocks(content) if isinstance(block.get("text"), str))
    return "\n".join(texts)


def _blocks(content: object) -> Iterator[Mapping[str, Any]]:
    return (block for block in (content if isinstance(content, list) else ()) if isinstance(block, Mapping))


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""
