"""Messages that stand in events of a span: ``gen_ai.user.message``, ``gen_ai.choice`` and their like.

The conventions before 1.37 wrote them so. Azure's SDK puts the whole message as JSON under ``gen_ai.event.content``,
Strands a list of Bedrock's blocks, and Logfire the events themselves as JSON into an attribute.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.data.importers.reading.requests import plain_messages
from tierwise.data.replies.answers import Answer, read_answer, read_message
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.parts import parts_in

_CHOICES = ("gen_ai.choice", "gen_ai.assistant.choice")


def event_messages(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the model was asked, in order; the messages of older turns among them."""
    messages = []
    for event in events:
        name = str(event.get("event.name") or event.get("name") or "")
        is_content = name == "gen_ai.content.prompt" and "role" in event  # one event a message, as LiteLLM does
        if is_content or (name.startswith("gen_ai.") and name.endswith(".message")):
            role = name.removeprefix("gen_ai.").removesuffix(".message")
            messages += plain_messages([_message(event, role)])
    return messages


def event_answer(events: Sequence[Mapping[str, Any]]) -> Answer | None:
    """What the model answered: the choice of the span, the first where there are several."""
    for event in events:
        name = str(event.get("event.name") or event.get("name") or "")
        if name in _CHOICES:
            said = _body(event)
            message = said.get("message", said)
            if isinstance(message, str):
                message = parts_in(message) or _object(message)
            if isinstance(message, list):  # Strands writes the blocks themselves
                message = {"content": message}
            if isinstance(message, str):
                message = {"content": message}
            found = read_message(message, said.get("finish_reason"))
            return found if found is not None else read_answer(said)
    return None


def _message(event: Mapping[str, Any], role: str) -> dict[str, Any]:
    said = _body(event)
    content = next((said[key] for key in ("content", "message", "gen_ai.prompt") if said.get(key) is not None), "")
    if isinstance(content, str):
        content = parts_in(content) or content
    calls = {"tool_calls": said["tool_calls"]} if said.get("tool_calls") else {}
    call_id = {"tool_call_id": said["id"]} if role == "tool" and said.get("id") else {}
    return {"role": said.get("role") or role, "content": content} | calls | call_id


def _body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event's own attributes, or the JSON that it wraps them in."""
    for key in ("gen_ai.event.content", "event_body", "body"):
        inner = decoded(event.get(key))
        if isinstance(inner, Mapping):
            return {**event, **inner}
        if isinstance(inner, str | list):
            return {**event, "content": inner}
    return event


def _object(text: str) -> Any:
    """A message as JSON, or a text that is one already."""
    value = decoded(text)
    return value if isinstance(value, Mapping) and ("content" in value or "role" in value) else text
