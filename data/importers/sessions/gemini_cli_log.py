"""Gemini CLI: the chats that it keeps (``~/.gemini/tmp/*/chats/session-*``), one JSON document or JSON Lines.

Lines are written again when a tool has answered, and the last one counts; ``$rewindTo`` takes back what came after a
message. Tokens of thinking and of tools stand beside input and output.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects, tried
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.replies.parts import read_content
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_REWIND = "$rewindTo"


def read_gemini_cli_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of one session."""
    del mapping
    session_id, messages = path.stem, {}  # type: str, dict[str, Mapping[str, Any]]
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        line = record.value
        if line.get("sessionId"):
            session_id = str(line["sessionId"])
        elif not (line.get("type") or line.keys() & {"$set", _REWIND}):
            yield record.malformed("is no line of a chat of Gemini CLI: it has no sessionId, type or messages")
        if _REWIND in line:
            messages = _before(messages, str(line[_REWIND]))
        listed = line.get("messages") or [line]
        for message in listed if isinstance(listed, list) else ():
            if isinstance(message, Mapping) and message.get("type"):
                messages[str(message.get("id") or len(messages))] = message
    session = AgentSession(session_id, "gemini-cli", str(path), "model")
    for number, (message_id, message) in enumerate(messages.items(), start=1):
        yield from tried(
            Numbered(str(path), number, message), _take_message, session, f"{session_id}-{message_id}", message
        )
    yield from session.records()


def _before(messages: Mapping[str, Mapping[str, Any]], message_id: str) -> dict[str, Mapping[str, Any]]:
    ids = list(messages)
    kept = ids[: ids.index(message_id)] if message_id in messages else ids
    return {each: messages[each] for each in kept}


def _take_message(session: AgentSession, source_id: str, message: Mapping[str, Any]) -> None:
    kind, content = message.get("type"), message.get("content")
    if kind == "user":
        session.hear("user", read_content(content).prompt)
    elif kind == "gemini":
        call = session.answering(source_id, message.get("model"), seconds(message.get("timestamp")))
        call.says(texts_of(content))
        call.usage = _usage(message.get("tokens"))
        asked = message.get("toolCalls")
        tools = [each for each in asked if isinstance(each, Mapping)] if isinstance(asked, list) else []
        for tool in tools:
            call.asks_for(tool.get("id"), tool.get("name"), json.dumps(tool.get("args") or {}))
        session.close()
        for tool in tools:
            found = read_content(tool.get("result")).prompt or str(tool.get("resultDisplay") or "")
            session.hear_result(tool.get("id"), found, tool.get("status") in ("error", "cancelled"))


def _usage(tokens: object) -> Usage:
    if not isinstance(tokens, Mapping):
        return Usage()
    return read_usage(
        {
            "promptTokenCount": tokens.get("input"),
            "candidatesTokenCount": tokens.get("output"),
            "cachedContentTokenCount": tokens.get("cached"),
            "thoughtsTokenCount": tokens.get("thoughts"),
            "toolUsePromptTokenCount": tokens.get("tool"),
            "totalTokenCount": tokens.get("total"),
        }
    )
