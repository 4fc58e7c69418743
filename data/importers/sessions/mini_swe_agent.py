"""mini-swe-agent: its trajectories (``*.traj.json``), with tool calls or with commands in fenced blocks."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Signal
from tierwise.data.importers.sessions.agent_session import AgentSession, texts_of
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.usage import read_usage
from tierwise.data.step_log import Malformed

EXIT_STATUS = "exit_status"


def read_mini_swe_agent(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of a run, and how it ended as a verdict on the task, for ``[success] exit_status`` in map.toml."""
    del mapping
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        info, messages = record.value.get("info"), record.value.get("messages")
        if not isinstance(info, Mapping) or not isinstance(messages, list):
            yield record.malformed("is no trajectory of mini-swe-agent: it has no info and messages")
            continue
        task = str(record.value.get("instance_id") or path.name.removesuffix(".json").removesuffix(".traj"))
        session = AgentSession(task, "mini-swe-agent", str(path), "info.config.model.model_name")
        model = _model(info)
        for message in messages:
            if isinstance(message, Mapping):
                yield from tried(record, _take_message, session, message, model)
        yield from session.records()
        status = info.get(EXIT_STATUS)
        if isinstance(status, str) and status:
            yield Signal(EXIT_STATUS, status, task, is_about_task=True)


def _take_message(session: AgentSession, message: Mapping[str, Any], model: object) -> None:
    extra = message.get("extra") if isinstance(message.get("extra"), Mapping) else {}
    role, content = str(message.get("role") or "user"), texts_of(message.get("content"))
    if role == "tool":
        session.hear_result(message.get("tool_call_id"), content)
        return
    if role != "assistant":
        if role != "exit":
            session.hear(role, content)
        return
    response = (extra or {}).get("response")
    response = response if isinstance(response, Mapping) else {}
    at = seconds((extra or {}).get("timestamp", message.get("timestamp")))
    call = session.answering(f"{session.session_id}-{len(session.calls)}", response.get("model") or model, at)
    call.says(content)
    for asked in message.get("tool_calls") or ():
        function = asked.get("function") if isinstance(asked, Mapping) else None
        if isinstance(function, Mapping):
            call.asks_for(asked.get("id"), function.get("name"), str(function.get("arguments") or ""))
    cost = (extra or {}).get("cost")
    call.cost_usd = float(cost) if isinstance(cost, int | float) and cost > 0 else None
    call.usage = read_usage(response)
    answered = read_answer(response)
    call.finish = None if answered is None else answered.finish_reason
    session.close()


def _model(info: Mapping[str, Any]) -> object:
    config = info.get("config")
    model = config.get("model") if isinstance(config, Mapping) else None
    return model.get("model_name") if isinstance(model, Mapping) else None
