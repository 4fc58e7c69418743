"""The items of a Responses conversation, to and from canonical turns."""

from collections.abc import Mapping
from typing import Any

from tierwise.agents.protocols.canonical import (
    Media,
    Part,
    Refusal,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Turn,
    joined,
)
from tierwise.agents.protocols.chat.media import from_url, to_url
from tierwise.agents.protocols.fields import cannot_say, items, known_only, mapping, optional_text, text, word
from tierwise.agents.protocols.sealed import is_sealed_by_us, seal, unseal

NAME = "responses"
_ROLES: Mapping[object, Role] = {"user": "user", "assistant": "assistant", "system": "system", "developer": "developer"}


def read_items(raw: object, target: str) -> tuple[Turn, ...]:
    """The turns of ``input``. Raises ``RecordError`` naming the item."""
    if isinstance(raw, str):
        return (Turn("user", (Text(raw),)),)
    turns = (_turn(mapping(item, f"input[{n}]"), f"input[{n}]", target) for n, item in enumerate(items(raw, "input")))
    return joined([turn for turn in turns if turn.parts])


def write_items(turns: tuple[Turn, ...]) -> list[dict[str, Any]]:
    """The items that ``turns`` are. Raises ``Untranslatable``."""
    return [item for turn in turns for item in _items_of(turn)]


def read_thinking(item: Mapping[str, Any]) -> Thinking:
    """A reasoning item; one that another provider's thought was put into is that thought."""
    sealed = item.get("encrypted_content")
    if is_sealed_by_us(sealed):
        return unseal(str(sealed))
    texts = [*(item.get("summary") or ()), *(item.get("content") or ())]
    said = "\n\n".join(str(each.get("text", "")) for each in texts if isinstance(each, Mapping))
    return Thinking(said, None, sealed if isinstance(sealed, str) else None, NAME, item.get("id"))


def write_thinking(part: Thinking, item_id: str | None = None) -> dict[str, Any]:
    """A reasoning item; what another provider thought is sealed in it."""
    summary = [{"type": "summary_text", "text": part.text}] if part.text else []
    sealed = part.sealed if part.origin == NAME else seal(part)
    found = {"type": "reasoning", "id": item_id or part.item_id, "summary": summary, "encrypted_content": sealed}
    return known_only(found)


def read_call(item: Mapping[str, Any], where: str) -> ToolCall:
    name, call_id = text(item.get("name"), f"{where}.name"), text(item.get("call_id"), f"{where}.call_id")
    is_free = item.get("type") == "custom_tool_call"
    said = item.get("input") if is_free else item.get("arguments")
    namespace = optional_text(item.get("namespace"), f"{where}.namespace")
    return ToolCall(name, text(said, f"{where}.{'input' if is_free else 'arguments'}"), call_id, is_free, namespace)


def write_call(call: ToolCall) -> dict[str, Any]:
    head = {"type": "custom_tool_call" if call.is_free else "function_call", "call_id": call.call_id, "name": call.name}
    said = {"input" if call.is_free else "arguments": call.arguments}
    return head | said | known_only({"namespace": call.namespace})


def _turn(item: Mapping[str, Any], where: str, target: str) -> Turn:
    match item.get("type", "message"):
        case "message":
            role = _ROLES.get(word(item.get("role")))
            if role is None:
                raise cannot_say(f"{where}.role", target, f"'{item.get('role')!s:.40}'")
            return Turn(role, _parts(item.get("content"), f"{where}.content", target))
        case "function_call" | "custom_tool_call":
            return Turn("assistant", (read_call(item, where),))
        case "function_call_output" | "custom_tool_call_output" as kind:
            call_id = text(item.get("call_id"), f"{where}.call_id")
            given = _parts(item.get("output"), f"{where}.output", target)
            parts = tuple(part for part in given if isinstance(part, Text | Media))
            return Turn("tool", (ToolResult(call_id, parts, is_free=kind.startswith("custom")),))
        case "reasoning":
            return Turn("assistant", (read_thinking(item),))
        case other:
            raise cannot_say(f"{where}.type", target, f"'{other!s:.40}'")


def _parts(content: object, where: str, target: str) -> tuple[Part, ...]:
    if isinstance(content, str):
        return (Text(content),) if content else ()
    parts = enumerate(items(content, where))
    return tuple(_part(mapping(raw, f"{where}[{n}]"), f"{where}[{n}]", target) for n, raw in parts)


def _part(part: Mapping[str, Any], where: str, target: str) -> Part:
    match part.get("type"):
        case "input_text" | "output_text" | "text":
            return Text(text(part.get("text"), f"{where}.text"))
        case "refusal":
            return Refusal(text(part.get("refusal"), f"{where}.refusal"))
        case "input_image":
            detail = optional_text(part.get("detail"), f"{where}.detail")
            if part.get("image_url") is None:
                return Media("image", file_id=text(part.get("file_id"), f"{where}.file_id"), detail=detail)
            return from_url("image", text(part["image_url"], f"{where}.image_url"), detail=detail)
        case "input_file":
            name = optional_text(part.get("filename"), f"{where}.filename")
            given = part.get("file_data") or part.get("file_url")
            if given is not None:
                return from_url("file", text(given, f"{where}.file_data"), name=name)
            return Media("file", file_id=text(part.get("file_id"), f"{where}.file_id"), name=name)
        case other:
            raise cannot_say(f"{where}.type", target, f"'{other!s:.40}'")


def _items_of(turn: Turn) -> list[dict[str, Any]]:
    """Words of a turn make one message; thought, calls and results are items of their own, in their order."""
    found: list[dict[str, Any]] = []
    words: list[dict[str, Any]] = []

    def say() -> None:
        if words:
            role = "user" if turn.role == "tool" else turn.role
            found.append({"type": "message", "role": role, "content": list(words)})
            words.clear()

    for part in turn.parts:
        match part:
            case Thinking():
                if part.origin == NAME:
                    say()
                    found.append(write_thinking(part))
            case ToolCall():
                say()
                found.append(write_call(part))
            case ToolResult():
                say()
                kind = "custom_tool_call_output" if part.is_free else "function_call_output"
                found.append({"type": kind, "call_id": part.call_id, "output": _output(part)})
            case _:
                words.append(_written(part, turn.role))
    say()
    return found


def _output(result: ToolResult) -> str | list[dict[str, Any]]:
    if len(result.parts) == 1 and isinstance(result.parts[0], Text):
        return result.parts[0].text
    return [_written(part, "user") for part in result.parts] if result.parts else ""


def _written(part: Part, role: str) -> dict[str, Any]:
    match part:
        case Text():
            return {"type": "output_text" if role == "assistant" else "input_text", "text": part.text}
        case Refusal():
            return {"type": "refusal", "refusal": part.text}
        case Media(kind="image"):
            shown = {"file_id": part.file_id} if part.file_id else {"image_url": to_url(part)}
            return {"type": "input_image", **shown, **known_only({"detail": part.detail})}
        case Media(kind="file"):
            named = known_only({"file_id": part.file_id, "file_url": part.url, "filename": part.name})
            return {"type": "input_file", **named, **({"file_data": to_url(part)} if part.data else {})}
    raise cannot_say("audio", NAME)
