"""Cline: the file ``api_conversation_history.json`` of a task, since its messages name the model that answered.

Those of older versions and of Roo Code name none, and are skipped for that.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap, look_up
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.replies.counts import amount
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed


def read_cline_tasks(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a task."""
    del mapping
    session = AgentSession(path.parent.name or path.stem, "cline", str(path), "modelInfo.modelId")
    for record in read_json_objects(path, ("messages",)):
        if isinstance(record, Malformed):
            yield record
        elif (
            record.value.get("role") not in ("user", "assistant")
            or "content" not in record.value
            or (record.value["role"] == "assistant" and not {"ts", "modelInfo"} & record.value.keys())
        ):
            yield record.malformed("is no message of Cline: role, content and, of an answer, modelInfo were looked for")
        else:
            yield from tried(record, _take, session, record.value)
    yield from session.records()


def _take(session: AgentSession, message: Mapping[str, Any]) -> None:
    content = message["content"]
    parts = [part for part in content if isinstance(part, Mapping)] if isinstance(content, list) else []
    if message["role"] == "user":
        for part in parts:
            if part.get("type") == "tool_result":
                session.hear_result(part.get("tool_use_id"), texts_of(part.get("content")), bool(part.get("is_error")))
        words = texts_of([part for part in parts if part.get("type") == "text"] if parts else content)
        if words:
            session.hear("user", words)
        return
    session.close()
    model = look_up(message, "modelInfo.modelId") or look_up(message, "modelInfo.id")
    call = session.answering(f"{session.session_id}-{len(session.messages)}", model, seconds(message.get("ts")))
    call.says(texts_of([part for part in parts if part.get("type") == "text"] if parts else content))
    for part in parts:
        if part.get("type") == "tool_use":
            call.asks_for(part.get("id"), part.get("name"), json.dumps(part.get("input") or {}))
    names = {"prompt_tokens": "prompt", "completion_tokens": "completion", "cached_tokens": "cached"}
    call.usage = read_usage({ours: look_up(message, f"metrics.tokens.{theirs}") for ours, theirs in names.items()})
    call.cost_usd = amount(look_up(message, "metrics.cost")) or None
    session.close()
