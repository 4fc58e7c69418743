"""Codex: the rollout files of its sessions (``~/.codex/sessions/**/rollout-*.jsonl``)."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed

_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output", "local_shell_call_output"})


def read_codex_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of one session; the items between two answers of the user or of tools are one call."""
    del mapping
    session, model = AgentSession(path.stem, "codex", str(path), "model of turn_context"), None  # type: AgentSession, object
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        payload = record.value.get("payload")
        if not isinstance(payload, Mapping):
            yield record.malformed("is no line of a Codex rollout: it has no payload")
            continue
        if record.value.get("type") == "turn_context":
            model = payload.get("model") or model
            session.parameters = call_parameters(_settings(payload))
        yield from tried(record, _take_line, session, record.value, payload, model)
    yield from session.records()


def _settings(turn: Mapping[str, Any]) -> dict[str, Any]:
    """Codex keeps the effort of a turn beside its model, in newer versions among the settings of its mode."""
    mode = turn.get("collaboration_mode")
    inner = mode.get("settings") if isinstance(mode, Mapping) else None
    return {"effort": turn.get("effort"), **(inner if isinstance(inner, Mapping) else {})}


def _take_line(session: AgentSession, line: Mapping[str, Any], payload: Mapping[str, Any], model: object) -> None:
    match line.get("type"):
        case "session_meta":
            session.session_id = str(payload.get("id") or session.session_id)
            session.hear_instructions(payload.get("base_instructions") or payload.get("instructions"))
        case "compacted":
            session.forget()
            session.hear("user", payload.get("message"))
        case "event_msg" if payload.get("type") == "user_message":
            _hear_user(session, payload.get("message"))
        case "event_msg" if payload.get("type") == "token_count":
            _note_usage(session, payload.get("info"))
        case "response_item":
            _take_item(session, payload, model, seconds(line.get("timestamp")))


def _take_item(session: AgentSession, item: Mapping[str, Any], model: object, at: float | None) -> None:
    kind = item.get("type")
    if kind in _OUTPUTS:
        session.hear_result(item.get("call_id"), _output(item.get("output")))
    elif kind == "message" and item.get("role") != "assistant":
        role, text = str(item.get("role") or "user"), texts_of(item.get("content"))
        if role != "user" or not _is_heard(session, text):
            session.hear(role, text)
    elif kind in ("message", "reasoning", "function_call", "custom_tool_call", "local_shell_call"):
        opened = session.open_call
        source_id = opened.source_id if opened else f"{session.session_id}-{len(session.calls)}"
        call = session.answering(source_id, model, at)
        if kind == "message":
            call.says(texts_of(item.get("content")))
        elif kind != "reasoning":
            arguments = item.get("arguments", item.get("input", item.get("action")))
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            call.asks_for(item.get("call_id"), item.get("name") or "local_shell", text)


def _hear_user(session: AgentSession, message: object) -> None:
    """What the user said stands in a session as an event, as an item, or as both, one after the other."""
    if isinstance(message, str) and message and not _is_heard(session, message):
        session.hear("user", message)


def _is_heard(session: AgentSession, text: str) -> bool:
    last = session.messages[-1] if session.messages else None
    return session.open_call is None and last is not None and (last["role"], last["content"]) == ("user", text)


def _note_usage(session: AgentSession, info: object) -> None:
    """The count comes after the answer that it belongs to, once; Codex repeats it when nothing was asked."""
    used = info.get("last_token_usage") if isinstance(info, Mapping) else None
    if isinstance(used, Mapping) and session.calls and not session.calls[-1].usage.is_known:
        session.calls[-1].usage = read_usage(used)


def _output(raw: object) -> str:
    if isinstance(raw, Mapping):
        raw = raw.get("content", "")
    return raw if isinstance(raw, str) else texts_of(raw)
