"""pi and what is built on it (OpenClaw): the files of their sessions, JSON Lines of a tree of entries.

An entry names the one before it; a compaction leaves its summary and what came after the entry that it names.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.importers.sessions.branches import Branches
from tierwise.data.replies.counts import amount
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_ENTRIES = ("message", "compaction", "branch_summary", "custom_message")
_ROLES = ("user", "assistant", "toolResult", "bashExecution", "custom")


def read_pi_sessions(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a session."""
    del mapping
    session, branches = AgentSession(path.stem, "pi", str(path), "message.model"), Branches()
    heard_at: dict[str, int] = {}  # how much stood before an entry
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        entry = record.value
        if entry.get("type") == "session" and isinstance(entry.get("id"), str):
            session.session_id = entry["id"]
        message = entry.get("message")
        is_words = entry.get("type") == "message" and isinstance(message, Mapping) and message.get("role") in _ROLES
        if entry.get("type") in _ENTRIES and (is_words or entry["type"] != "message"):
            yield from tried(record, _take, session, branches, heard_at, entry)
        branches.note(session, entry.get("id"))
    yield from session.records()


def _take(session: AgentSession, branches: Branches, heard_at: dict[str, int], entry: Mapping[str, Any]) -> None:
    if "parentId" in entry:
        branches.go_to(session, entry["parentId"])
    branches.close(session)
    heard_at[str(entry.get("id"))] = len(session.messages)
    if entry["type"] == "compaction":
        kept = session.messages[heard_at.get(str(entry.get("firstKeptEntryId")), len(session.messages)) :]
        branches.go_to(session, None)
        session.hear("user", entry.get("summary"))
        session.messages += kept
    elif entry["type"] == "message":
        _take_message(session, entry, entry["message"])
    else:
        session.hear("user", texts_of(entry.get("content") or entry.get("summary")))


def _take_message(session: AgentSession, entry: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    role = message["role"]
    if role == "assistant":
        _take_answer(session, entry, message)
    elif role == "toolResult":
        session.hear_result(message.get("toolCallId"), texts_of(message.get("content")), bool(message.get("isError")))
    elif role == "bashExecution":
        if not message.get("excludeFromContext"):
            session.hear("user", f"{message.get('command') or ''}\n{message.get('output') or ''}")
    else:
        session.hear("user", texts_of(message.get("content")))


def _take_answer(session: AgentSession, entry: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    at = seconds(message.get("timestamp") or entry.get("timestamp"))
    call = session.answering(f"{session.session_id}-{entry.get('id')}", message.get("model"), at)
    call.usage, call.cost_usd = _usage(message.get("usage")), _cost(message.get("usage"))
    call.finish = message.get("stopReason")
    for part in message.get("content") or ():
        if isinstance(part, Mapping) and part.get("type") == "text":
            call.says(part.get("text"))
        elif isinstance(part, Mapping) and part.get("type") == "toolCall":
            call.asks_for(part.get("id"), part.get("name"), json.dumps(part.get("arguments") or {}))
    session.close()
    if call.finish in ("error", "aborted"):  # the next prompt is sent without it
        call.error = str(message.get("errorMessage") or call.finish)
        session.messages.pop()


def _usage(stated: object) -> Usage:
    """The cache stands beside the input."""
    if not isinstance(stated, Mapping):
        return Usage()
    names = {
        "input_tokens": "input", "output_tokens": "output", "cache_read_input_tokens": "cacheRead",
        "cache_creation_input_tokens": "cacheWrite", "total_tokens": "totalTokens",
    }  # fmt: skip
    return read_usage({ours: stated.get(theirs) for ours, theirs in names.items()})


def _cost(stated: object) -> float | None:
    cost = stated.get("cost") if isinstance(stated, Mapping) else None
    return amount(cost.get("total")) or None if isinstance(cost, Mapping) else None
