"""What of a Responses request the router learns: its conversation, tools and schema, as chat completions have them.

Reading is lenient: what a provider may know and we do not is passed over, because the request may go to it as it is.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.agents.protocols.fields import word

_RESULTS = frozenset({"function_call_output", "custom_tool_call_output"})
_CALLS = frozenset({"function_call", "custom_tool_call"})
_MEDIA = {"input_image": "vision", "input_audio": "audio", "input_file": "files"}


def messages_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if isinstance(body.get("instructions"), str) and body["instructions"]:
        found.append({"role": "system", "content": body["instructions"]})
    given = body.get("input")
    if isinstance(given, str):
        return [*found, {"role": "user", "content": given}]
    return found + [message for item in given or () if isinstance(item, Mapping) for message in _message(item)]


def functions_of(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The functions; free tools and those that the provider runs have no schema to learn from."""
    return [
        {"name": str(tool.get("name")), "description": _text(tool.get("description")), "parameters": _schema(tool)}
        for tool in flat_tools(body)
        if tool.get("type") == "function"
    ]


def flat_tools(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The tools, those in namespaces included."""
    tools = body.get("tools")
    for tool in tools if isinstance(tools, list) else ():
        if isinstance(tool, Mapping):
            inner = tool.get("tools")
            if tool.get("type") == "namespace" and isinstance(inner, list):
                yield from (each for each in inner if isinstance(each, Mapping))
            else:
                yield tool


def schema_of(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    text = body.get("text")
    form = text.get("format") if isinstance(text, Mapping) else None
    schema = form.get("schema") if isinstance(form, Mapping) and form.get("type") == "json_schema" else None
    return schema if isinstance(schema, Mapping) else None


def needs_of(body: Mapping[str, Any]) -> frozenset[str]:
    needs = {"tools"} if body.get("tools") else set()
    text = body.get("text")
    form = text.get("format") if isinstance(text, Mapping) else None
    if isinstance(form, Mapping) and form.get("type") in ("json_schema", "json_object"):
        needs.add("json")
    given = body.get("input")
    for item in given if isinstance(given, list) else ():
        if isinstance(item, Mapping):
            for content in (item.get("content"), item.get("output")):
                for part in content if isinstance(content, list) else ():
                    if isinstance(part, Mapping) and word(part.get("type")) in _MEDIA:
                        needs.add(_MEDIA[part["type"]])
    return frozenset(needs)


def _message(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    kind = word(item.get("type", "message"))
    if kind == "message":
        return [{"role": _text(item.get("role")) or "user", "content": _texts(item.get("content"))}]
    if kind in _CALLS:
        arguments = item.get("arguments") or item.get("input")
        function = {"name": _text(item.get("name")), "arguments": _text(arguments)}
        call = {"id": _text(item.get("call_id")), "type": "function", "function": function}
        return [{"role": "assistant", "content": "", "tool_calls": [call]}]
    if kind in _RESULTS:
        result = {"role": "tool", "tool_call_id": _text(item.get("call_id")), "content": _texts(item.get("output"))}
        return [result]
    return []


def _texts(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else ()
    return "\n".join(part["text"] for part in parts if isinstance(part, Mapping) and isinstance(part.get("text"), str))


def _text(raw: object) -> str:
    return raw if isinstance(raw, str) else ""


def _schema(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    parameters = tool.get("parameters")
    return parameters if isinstance(parameters, Mapping) else {}
