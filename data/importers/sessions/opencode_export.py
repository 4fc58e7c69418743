"""opencode: what ``opencode export SESSION`` prints, a session with its messages and their parts."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.sessions.agent_session import AgentSession
from tierwise.data.replies.counts import count
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed


def read_opencode_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of every session in the file."""
    del mapping
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        info, messages = record.value.get("info"), record.value.get("messages")
        if not isinstance(info, Mapping) or not isinstance(messages, list):
            yield record.malformed("is no session that opencode exported: it has no info and messages")
            continue
        session = AgentSession(str(info.get("id") or path.stem), "opencode", str(path), "modelID")
        for message in messages:
            if isinstance(message, Mapping) and isinstance(message.get("info"), Mapping):
                yield from tried(record, _take_message, session, message["info"], message.get("parts"))
        yield from session.records()


def _take_message(session: AgentSession, info: Mapping[str, Any], raw_parts: object) -> None:
    parts = [part for part in raw_parts if isinstance(part, Mapping)] if isinstance(raw_parts, list) else []
    if info.get("role") != "assistant":
        words = [part["text"] for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str)]
        session.hear("user", "\n".join(words))
        return
    time = info.get("time") if isinstance(info.get("time"), Mapping) else {}
    for step in _steps(parts):
        source_id = f"{info.get('id')}-{len(session.calls)}"
        call = session.answering(source_id, info.get("modelID"), seconds((time or {}).get("created")))
        call.ended_at = seconds((time or {}).get("completed"))
        finish = next((part for part in step if part.get("type") == "step-finish"), info)
        call.usage, call.cost_usd = _usage(finish.get("tokens")), _amount(finish.get("cost"))
        call.finish = finish.get("reason") or finish.get("finish")
        for part in step:
            if part.get("type") == "text":
                call.says(part.get("text"))
            elif part.get("type") == "tool":
                call.asks_for(part.get("callID"), part.get("tool"), json.dumps(_state(part).get("input")))
        for part in step:
            if part.get("type") == "tool":
                state = _state(part)
                session.hear_result(
                    part.get("callID"), state.get("output") or state.get("error"), state.get("status") == "error"
                )
        session.close()


def _steps(parts: list[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """The parts of each call of the model; older versions put several into a message."""
    step: list[Mapping[str, Any]] = []
    for part in parts:
        step.append(part)
        if part.get("type") == "step-finish":
            yield step
            step = []
    if any(part.get("type") in ("text", "tool") for part in step):
        yield step


def _state(part: Mapping[str, Any]) -> Mapping[str, Any]:
    state = part.get("state")
    return state if isinstance(state, Mapping) else {}


def _usage(tokens: object) -> Usage:
    """opencode counts what the cache held beside the input, as Anthropic does, and thoughts beside the output."""
    if not isinstance(tokens, Mapping):
        return Usage()
    cache = tokens.get("cache")
    read, written = (cache.get("read"), cache.get("write")) if isinstance(cache, Mapping) else (None, None)
    said, thought = count(tokens.get("output")), count(tokens.get("reasoning"))
    return read_usage(
        {
            "input_tokens": tokens.get("input"),
            "output_tokens": None if said is None and thought is None else (said or 0) + (thought or 0),
            "total_tokens": tokens.get("total"),
            "cache_read_input_tokens": read,
            "cache_creation_input_tokens": written,
        }
    )


def _amount(raw: object) -> float | None:
    return float(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) and raw > 0 else None
