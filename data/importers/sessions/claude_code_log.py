"""Claude Code: the files of its sessions (``~/.claude/projects/*/*.jsonl``).

An answer stands on one line for each of its parts, under one message id. Side chains (sub-agents) are conversations of
their own.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Skipped
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.importers.sessions.branches import Branches
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed

_SYNTHETIC = "<synthetic>"


def read_claude_code_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a session's file, or of what ``--output-format stream-json`` prints."""
    del mapping
    sessions: dict[str, tuple[AgentSession, Branches]] = {}
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        line = record.value
        if not _is_of_conversation(line):
            continue  # summaries, snapshots of files and other notes of the program
        if line.get("type") == "assistant" and _is_error(line):
            yield Skipped("an error that Claude Code wrote as an answer")
            continue
        key = _side_chain(line)
        task = "/".join(filter(None, [str(line.get("sessionId") or line.get("session_id") or path.stem), key]))
        session, branches = sessions.setdefault(
            key, (AgentSession(task, "claude-code", str(path), "message.model"), Branches())
        )
        yield from tried(record, _take, session, branches, line)
        branches.note(session, line.get("uuid"))
    for session, _ in sessions.values():
        yield from session.records()


def _side_chain(line: Mapping[str, Any]) -> str:
    """Which sub-agent speaks; none in the main conversation, whose results of tools name the agent that they ran."""
    if line.get("isSidechain"):
        return str(line.get("agentId") or "side")
    return str(line.get("parent_tool_use_id") or "")


def _is_of_conversation(line: Mapping[str, Any]) -> bool:
    return isinstance(line.get("message"), Mapping) or isinstance(line.get("uuid"), str)


def _is_error(line: Mapping[str, Any]) -> bool:
    message = line.get("message")
    return bool(line.get("isApiErrorMessage")) or (isinstance(message, Mapping) and message.get("model") == _SYNTHETIC)


def _take(session: AgentSession, branches: Branches, line: Mapping[str, Any]) -> None:
    message, attached = line.get("message"), line.get("attachment")
    if line.get("subtype") == "compact_boundary":
        branches.go_to(session, None)
    elif isinstance(attached, Mapping) and attached.get("type") == "queued_command":
        branches.close(session)  # what was typed while the model worked reaches it with the next call
        session.hear("user", texts_of(attached.get("prompt")))
    elif isinstance(message, Mapping) and line.get("type") == "assistant":
        opened = session.open_call
        if opened is None or opened.source_id != _answer_id(line, message):
            _follow(session, branches, line)
        _take_answer(session, line, message)
    elif isinstance(message, Mapping):
        words = _take_results(session, branches, message)
        if words:
            _follow(session, branches, line)
            session.hear("user", words)


def _follow(session: AgentSession, branches: Branches, line: Mapping[str, Any]) -> None:
    if "parentUuid" in line:
        branches.go_to(session, line["parentUuid"])
    else:
        branches.close(session)


def _answer_id(line: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    return str(message.get("id") or line.get("uuid"))


def _take_answer(session: AgentSession, line: Mapping[str, Any], message: Mapping[str, Any]) -> None:
    at = seconds(line.get("timestamp"))
    call = session.answering(_answer_id(line, message), message.get("model"), at)
    call.usage, call.finish = read_usage(message), message.get("stop_reason")
    content = message.get("content")
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if isinstance(part, Mapping) and part.get("type") == "text":
            call.says(part.get("text"))
        elif isinstance(part, Mapping) and part.get("type") == "tool_use":
            call.asks_for(part.get("id"), part.get("name"), json.dumps(part.get("input")))


def _take_results(session: AgentSession, branches: Branches, message: Mapping[str, Any]) -> str:
    """Results of tools, which Anthropic's format calls the user's, are heard; the user's own words come back."""
    content = message.get("content")
    if not isinstance(content, list):
        return content if isinstance(content, str) else ""
    for part in content:
        if isinstance(part, Mapping) and part.get("type") == "tool_result":
            branches.close(session)
            session.hear_result(part.get("tool_use_id"), texts_of(part.get("content")), bool(part.get("is_error")))
    return texts_of([part for part in content if isinstance(part, Mapping) and part.get("type") == "text"])
