"""SWE-agent: its trajectories (``*.traj``). Only the whole run's tokens are counted; calls have
their shares of them.

A demonstration at the head of the history is part of the prompt, as it was for the model.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Signal
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.importers.sessions.mini_swe_agent import EXIT_STATUS
from tierwise.data.importers.sessions.run_totals import share_out
from tierwise.data.replies.calls import read_tool_calls
from tierwise.data.replies.json_text import decoded
from tierwise.data.step_log import Malformed


def read_swe_agent(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a run, and how it ended as a verdict on the task, for ``[success] exit_status`` in map.toml."""
    del mapping
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        history = record.value.get("history")
        if not isinstance(history, list):
            yield record.malformed("is no trajectory of SWE-agent: it has no history")
            continue
        session = AgentSession(
            path.name.removesuffix(".traj"), "swe-agent", str(path), "replay_config.agent.model.name"
        )
        model = _model(record.value)
        for message in history:
            if isinstance(message, Mapping):
                yield from tried(record, _take_message, session, message, model)
        session.close()
        info = record.value.get("info")
        stats = info.get("model_stats") if isinstance(info, Mapping) else None
        unshared = share_out(session.calls, stats) if isinstance(stats, Mapping) else None
        if unshared is not None:
            yield unshared
        yield from session.records()
        status = info.get(EXIT_STATUS) if isinstance(info, Mapping) else None
        if isinstance(status, str) and status:
            yield Signal(EXIT_STATUS, status, session.session_id, is_about_task=True)


def _take_message(session: AgentSession, message: Mapping[str, Any], model: object) -> None:
    role, content = str(message.get("role") or "user"), texts_of(message.get("content"))
    called = message.get("tool_call_ids")
    if role == "tool" or called:
        session.hear_result(called[0] if isinstance(called, list) and called else None, content)
    elif role != "assistant":
        session.hear(role, content)
    else:
        call = session.answering(f"{session.session_id}-{len(session.messages)}", model)
        call.says(content)
        for asked in read_tool_calls(message.get("tool_calls")):
            call.asks_for(asked.call_id, asked.name, asked.arguments)
        session.close()
        if message.get("is_demo"):
            session.calls.remove(call)


def _model(run: Mapping[str, Any]) -> object:
    """The configuration that the run can be repeated with names its model; older runs keep it in their folder's name
    alone."""
    config = decoded(run.get("replay_config"))
    agent = config.get("agent") if isinstance(config, Mapping) else None
    model = agent.get("model") if isinstance(agent, Mapping) else None
    if isinstance(model, Mapping):
        return model.get("name") or model.get("model_name")
    return None
