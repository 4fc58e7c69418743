"""Claude Code: the files of its sessions (``~/.claude/projects/*/*.jsonl``).

An answer stands on one line for each of its parts, under one message id. Side chains (sub-agents) are conversations of
their own.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.agent_session import AgentSession, summed, texts_of, token_count
from tierwise.data.importers.call import seconds
from tierwise.data.importers.json_source import read_json_objects
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Record, Skipped
from tierwise.data.step_log import Malformed

_SYNTHETIC = "<synthetic>"


def read_claude_code_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a session's file."""
    del mapping
    sessions: dict[str, AgentSession] = {}
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        line = record.value
        message = line.get("message")
        is_boundary = line.get("subtype") == "compact_boundary"
        if not isinstance(message, Mapping) and not is_boundary:
            continue  # summaries, snapshots of files and other notes of the program
        key = str(line.get("agentId") or ("side" if line.get("isSidechain") else ""))
        task = "/".join(filter(None, [str(line.get("sessionId") or path.stem), key]))
        session = sessions.setdefault(key, AgentSession(task, "claude-code", str(path)))
        if is_boundary:
            session.forget()
        elif isinstance(message, Mapping) and line.get("type") == "assistant":
            if message.get("model") == _SYNTHETIC or line.get("isApiErrorMessage"):
                yield Skipped("an error that Claude Code wrote as an answer")
                continue
            _take_answer(session, line, message)
        elif isinstance(message, Mapping):
            _take_words(session, message)
    for session in sessions.values():
        yield from session.records()


def _take_answer(session: AgentSession, line: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    at = seconds(line.get("timestamp"))
    call = session.answering(str(message.get("id") or line.get("uuid")), message.get("model"), at)
    call.ended_at = at
    used = message.get("usage")
    if isinstance(used, Mapping):
        call.usage = {
            "input_tokens": summed(used, "input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
            "cached_tokens": token_count(used.get("cache_read_input_tokens")),
            "output_tokens": token_count(used.get("output_tokens")),
        }
    content = message.get("content")
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if isinstance(part, Mapping) and part.get("type") == "text":
            call.says(part.get("text"))
        elif isinstance(part, Mapping) and part.get("type") == "tool_use":
            call.asks_for(part.get("id"), part.get("name"), json.dumps(part.get("input")))


def _take_words(session: AgentSession, message: Mapping[str, Any]) -> None:
    """The user's words, or results of tools, which Anthropic's format calls the user's."""
    content = message.get("content")
    if not isinstance(content, list):
        session.hear("user", content)
        return
    for part in content:
        if isinstance(part, Mapping) and part.get("type") == "tool_result":
            session.hear_result(part.get("tool_use_id"), texts_of(part.get("content")), bool(part.get("is_error")))
    words = texts_of([part for part in content if isinstance(part, Mapping) and part.get("type") == "text"])
    if words:
        session.hear("user", words)
