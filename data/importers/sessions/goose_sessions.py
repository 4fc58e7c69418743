"""goose: what ``goose session export --format json`` prints, and the JSON Lines of its older sessions.

Only the last answer's tokens are counted alone, the others in a sum of the whole session; those have none.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap, look_up
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_UNCOUNTED = Skipped(
    "the tokens of a session of goose: accumulated_input_tokens counts all calls together, input_tokens the last alone"
)


def read_goose_sessions(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a session."""
    del mapping
    head: Mapping[str, Any] = {}
    session = AgentSession(path.stem, "goose", str(path), "model_config.model_name")
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        value = record.value
        if isinstance(value.get("conversation"), list):
            head, messages = value, value["conversation"]
        elif "working_dir" in value:
            head, messages = value, []
        else:
            messages = [value]
        session.session_id = str(head.get("id") or path.stem)
        for message in messages:
            yield from _heard(record, session, message, head)
    session.close()
    if session.calls and (usage := _last_usage(head)).is_known:
        session.calls[-1].usage = usage
        if len(session.calls) > 1:
            yield _UNCOUNTED
    yield from session.records()


def _heard(record: Numbered, session: AgentSession, message: object, head: Mapping[str, Any]) -> Iterator[Malformed]:
    is_message = isinstance(message, Mapping) and isinstance(message.get("content"), list) and "created" in message
    if not isinstance(message, Mapping) or not is_message:
        yield record.malformed("is no session of goose: a conversation, or messages with role, created and content")
    elif look_up(message, "metadata.agentVisible") is not False:
        yield from tried(record, _take, session, message, _model(message, head))


def _take(session: AgentSession, message: Mapping[str, Any], model: object) -> None:
    parts = [part for part in message["content"] if isinstance(part, Mapping)]
    if message.get("role") == "assistant":
        told = message.get("id") or len(session.messages) + (session.open_call is not None)
        call = session.answering(f"{session.session_id}-{told}", model, seconds(message["created"]))
        for part in parts:
            if part.get("type") == "text":
                call.says(part.get("text"))
            elif part.get("type") == "toolRequest":
                asked = _object(part.get("toolCall") or part.get("tool_call"))
                asked = _object(asked.get("value")) or asked
                call.asks_for(part.get("id"), asked.get("name"), json.dumps(asked.get("arguments") or {}))
        return
    for part in parts:
        if part.get("type") == "toolResponse":
            session.hear_result(part.get("id"), *_result(_object(part.get("toolResult") or part.get("tool_result"))))
    words = texts_of([part for part in parts if part.get("type") == "text"])
    if words:
        session.hear("user", words)


def _result(told: Mapping[str, Any]) -> tuple[str, bool]:
    value = told.get("value")
    content = value.get("content") if isinstance(value, Mapping) else value
    is_error = told.get("status") == "error" or (isinstance(value, Mapping) and value.get("isError") is True)
    return texts_of(content) or str(told.get("error") or ""), is_error


def _model(message: Mapping[str, Any], head: Mapping[str, Any]) -> object:
    """Newer sessions name their model; older ones nobody's."""
    config = head.get("model_config")
    config = json.loads(config) if isinstance(config, str) and config.startswith("{") else config
    named = _object(config).get("model_name")
    return look_up(message, "metadata.model") or named or head.get("model")


def _last_usage(head: Mapping[str, Any]) -> Usage:
    holder = _object(head.get("usage")) or head
    return read_usage({name: holder.get(name) for name in ("input_tokens", "output_tokens", "total_tokens")})


def _object(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}
