"""What an answer was to look like: tools that might be called, and the schema of the text."""

from collections.abc import Iterator, Mapping
from typing import Any

from tierwise.data.replies.json_text import decoded

_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parameters_json_schema", "parametersJsonSchema", "schema")
_LISTS = ("function_declarations", "functionDeclarations", "tools", "functions")


def plain_tools(raw: object) -> list[dict[str, Any]]:
    """Tools in OpenAI's wrapping, Anthropic's ``input_schema``, Gemini's declarations, Bedrock's ``toolSpec``, or
    plain. Tools that a provider runs itself have no name to call them by and are left out."""
    return list(_tools(decoded(raw)))


def _tools(raw: object) -> Iterator[dict[str, Any]]:
    if isinstance(raw, Mapping) and not isinstance(raw.get("name"), str):
        named = {key: value for key, value in raw.items() if isinstance(value, Mapping)}
        raw = [{"name": key, **value} for key, value in named.items()]  # the AI SDK keys tools by their names
    for item in (decoded(item) for item in raw) if isinstance(raw, list) else ():
        if not isinstance(item, Mapping):
            continue
        inner = next((item[key] for key in _LISTS if isinstance(item.get(key), list)), None)
        if inner is not None:
            yield from _tools(inner)
            continue
        wrapped = next((item[key] for key in ("function", "toolSpec") if isinstance(item.get(key), Mapping)), None)
        tool = item if wrapped is None else wrapped
        if tool.get("name"):
            schema = _schema_of(tool)
            plain = {"name": str(tool["name"]), "description": str(tool.get("description") or "")}
            yield plain | {"parameters": schema if isinstance(schema, Mapping) else {}}


def _schema_of(tool: Mapping[str, Any]) -> Any:
    schema = decoded(next((tool[key] for key in _SCHEMAS if tool.get(key)), {}))
    if isinstance(schema, Mapping) and isinstance(schema.get("json"), Mapping):  # Bedrock
        return schema["json"]
    if isinstance(schema, Mapping) and isinstance(schema.get("jsonSchema"), Mapping):  # the AI SDK
        return schema["jsonSchema"]
    return schema


def response_schema(raw: object) -> Mapping[str, Any] | None:
    """The JSON schema inside OpenAI's ``response_format`` or a response's ``text.format``; ``json_object`` asks for an
    object of any kind."""
    raw = decoded(raw)
    if not isinstance(raw, Mapping):
        return None
    if raw.get("type") == "json_object":
        return {"type": "object"}
    wrapper = raw.get("json_schema")
    schema = wrapper.get("schema") if isinstance(wrapper, Mapping) else None
    if schema is None and raw.get("type") == "json_schema":
        schema = raw.get("schema")
    return schema if isinstance(schema, Mapping) else None


def requested_schema(request: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema that a whole request asks for, wherever its provider has it stand."""
    text = request.get("text")
    output = request.get("output_config")
    config = request.get("config")
    generation = config if isinstance(config, Mapping) else request.get("generationConfig")
    generation = generation if isinstance(generation, Mapping) else {}
    ollama = request.get("format")
    candidates = (
        response_schema(request.get("response_format")),
        response_schema(text.get("format")) if isinstance(text, Mapping) else None,
        response_schema(output.get("format")) if isinstance(output, Mapping) else None,
        response_schema(request.get("output_format")),
        *(decoded(generation.get(key)) for key in ("response_json_schema", "responseJsonSchema")),
        ollama if isinstance(ollama, Mapping) and "type" in ollama else None,
    )
    return next((schema for schema in candidates if isinstance(schema, Mapping)), None)
