"""The content blocks of the Messages protocol, to and from canonical parts."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import Media, Part, Refusal, Text, Thinking, ToolCall, ToolResult
from tierwise.agents.protocols.fields import cannot_say, items, known_only, mapping, optional_text, text
from tierwise.agents.protocols.sealed import is_sealed_by_us, seal, unseal
from tierwise.data.replies.json_text import write_json

NAME = "messages"
_PLAIN = "text/plain"


def read_blocks(content: object, where: str, target: str) -> tuple[Part, ...]:
    """Raises ``RecordError`` naming the block."""
    if content is None or content == "":
        return ()
    if isinstance(content, str):
        return (Text(content),)
    blocks = enumerate(items(content, where))
    return tuple(_block(mapping(raw, f"{where}[{n}]"), f"{where}[{n}]", target) for n, raw in blocks)


def write_block(part: Part) -> dict[str, Any] | None:
    """The block that holds ``part``; None for thought that this protocol's providers must not see."""
    match part:
        case Text():
            return {"type": "text", "text": part.text} | known_only({"cache_control": part.cache})
        case Refusal():
            return {"type": "text", "text": part.text}
        case Thinking():
            return write_thinking(part) if part.origin == NAME else None
        case Media():
            return _written_media(part)
        case ToolCall():
            return {"type": "tool_use", "id": part.call_id, "name": part.name, "input": input_of(part.arguments)}
    return _written_result(part)


def read_thinking(block: Mapping[str, Any]) -> Thinking:
    """A block of thought; one that another provider's was put into is that one's."""
    if block.get("type") == "redacted_thinking":
        return Thinking(sealed=str(block.get("data")), origin=NAME)
    signature = block.get("signature")
    if is_sealed_by_us(signature):
        return unseal(str(signature))
    return Thinking(str(block.get("thinking") or ""), signature if isinstance(signature, str) else None, origin=NAME)


def write_thinking(part: Thinking) -> dict[str, Any]:
    """A block of thought for a caller; what another provider thought is sealed in its signature."""
    if part.origin != NAME:
        return {"type": "thinking", "thinking": part.text, "signature": seal(part)}
    if part.sealed is not None:
        return {"type": "redacted_thinking", "data": part.sealed}
    return {"type": "thinking", "thinking": part.text, "signature": part.signature or ""}


def input_of(arguments: str) -> object:
    """The arguments as the object that this protocol wants; what is no JSON stays visible."""
    try:
        value = json.loads(arguments or "{}")
    except ValueError:
        return {"input": arguments}
    return value if isinstance(value, dict) else {"input": value}


def _block(block: Mapping[str, Any], where: str, target: str) -> Part:
    cache = block.get("cache_control")
    cache = cache if isinstance(cache, dict) else None
    match block.get("type"):
        case "text":
            return Text(text(block.get("text"), f"{where}.text"), cache)
        case "thinking" | "redacted_thinking":
            return read_thinking(block)
        case "image" | "document" as kind:
            return _media(kind, block, cache, where, target)
        case "tool_use":
            arguments = write_json(mapping(block.get("input"), f"{where}.input")).decode()
            return ToolCall(text(block.get("name"), f"{where}.name"), arguments, text(block.get("id"), f"{where}.id"))
        case "tool_result":
            call_id = text(block.get("tool_use_id"), f"{where}.tool_use_id")
            given = read_blocks(block.get("content"), f"{where}.content", target)
            parts = tuple(part for part in given if isinstance(part, Text | Media))
            return ToolResult(call_id, parts, bool(block.get("is_error")), cache=cache)
        case other:
            raise cannot_say(f"{where}.type", target, f"'{other!s:.40}'")


def _media(kind: str, block: Mapping[str, Any], cache: Any, where: str, target: str) -> Media:
    source = mapping(block.get("source"), f"{where}.source")
    name = optional_text(block.get("title"), f"{where}.title")
    as_kind: Any = "image" if kind == "image" else "file"
    media_type = optional_text(source.get("media_type"), f"{where}.source.media_type")
    match source.get("type"):
        case "base64":
            data = text(source.get("data"), f"{where}.source.data")
            return Media(as_kind, data=data, media_type=media_type, name=name, cache=cache)
        case "text":
            plain = text(source.get("data"), f"{where}.source.data")
            encoded = base64.b64encode(plain.encode("utf-8", "replace")).decode()
            return Media(as_kind, data=encoded, media_type=_PLAIN, name=name, cache=cache)
        case "url":
            return Media(as_kind, url=text(source.get("url"), f"{where}.source.url"), name=name, cache=cache)
        case "file":
            file_id = text(source.get("file_id"), f"{where}.source.file_id")
            return Media(as_kind, file_id=file_id, name=name, cache=cache)
    raise cannot_say(f"{where}.source.type", target, f"'{source.get('type')!s:.40}'")


def _written_media(media: Media) -> dict[str, Any]:
    if media.kind == "audio":
        raise cannot_say("input_audio", NAME)
    if media.file_id:
        source: dict[str, Any] = {"type": "file", "file_id": media.file_id}
    elif media.url:
        source = {"type": "url", "url": media.url}
    elif media.media_type == _PLAIN:
        source = {"type": "text", "media_type": _PLAIN, "data": _decoded(media.data or "")}
    else:
        source = {"type": "base64", "media_type": media.media_type, "data": media.data}
    named = {"title": media.name} if media.kind == "file" else {}
    head = {"type": "image" if media.kind == "image" else "document", "source": source}
    return head | known_only(named | {"cache_control": media.cache})


def _written_result(part: ToolResult) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": part.call_id}
    if len(part.parts) == 1 and isinstance(part.parts[0], Text) and part.parts[0].cache is None:
        block["content"] = part.parts[0].text
    elif part.parts:
        block["content"] = [write_block(each) for each in part.parts]
    return block | ({"is_error": True} if part.is_error else {}) | known_only({"cache_control": part.cache})


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data).decode("utf-8", "replace")
    except (ValueError, binascii.Error):
        return data
