"""ATIF, the interchange format of agents' trajectories: what Harbor's agents write, Terminal-Bench's among them.

What its verifier said lies beside a trajectory, and is a verdict on its task.

A step of the agent is one call of its model, with what its tools gave back inside it. Steps that were copied from an
earlier trajectory, or that no model made, are part of the conversation and no calls.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.importers.evaluations.rewards import rewards_beside, rewards_in
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import read_json_objects, tried
from tierwise.data.importers.reading.records import Record, Signal
from tierwise.data.importers.reading.schemas import plain_tools
from tierwise.data.importers.sessions.agent_session import AgentCall, AgentSession, texts_of
from tierwise.data.replies.counts import amount
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_MAIN = "trajectory"
_OF_AGENT = ("agent", "assistant")


def read_atif_log(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """The calls of every trajectory in the file."""
    del mapping
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        agent, steps = record.value.get("agent"), record.value.get("steps")
        if not isinstance(agent, Mapping) or not isinstance(steps, list):
            yield record.malformed("is no trajectory of ATIF: it has no agent and steps")
            continue
        told = record.value.get("session_id") or record.value.get("trajectory_id")
        session_id = str(told or "/".join(path.with_suffix("").parts[-3:]))
        session = AgentSession(session_id, str(agent.get("name") or "atif"), str(path), "agent.model_name")
        session.tools = plain_tools(agent.get("tool_definitions"))
        for number, step in enumerate(steps, start=1):
            if isinstance(step, Mapping):
                yield from tried(
                    record, _take_step, session, step, number, agent.get("model_name"), where=f"step {number} "
                )
        yield from session.records()
        told = dict(rewards_in(record.value))
        for name, value in told.items():
            yield Signal(name, value, session_id, is_about_task=True)
        if not told and path.name.split(".")[0] == _MAIN:  # a sub-agent's trajectory is not what was verified
            yield from rewards_beside(path, session_id)


def _take_step(session: AgentSession, step: Mapping[str, Any], number: int, model: object) -> None:
    source = str(step.get("source") or step.get("role") or "user")
    if source in _OF_AGENT:
        step_id = f"{session.session_id}-{step.get('step_id') or number}"
        call = session.answering(step_id, step.get("model_name") or model, seconds(step.get("timestamp")))
        call.says(texts_of(step.get("message")))
        call.usage, call.cost_usd = _usage(step.get("metrics")), _cost(step.get("metrics"))
        _note_tools(call, step.get("tool_calls"))
        session.close()
        if step.get("is_copied_context") or step.get("llm_call_count") == 0:
            session.calls.remove(call)
    elif source in ("user", "system"):
        session.hear(source, texts_of(step.get("message")))
    observed = step.get("observation")
    results = observed.get("results") if isinstance(observed, Mapping) else step.get("results")
    for result in results if isinstance(results, list) else ():
        if isinstance(result, Mapping):
            session.hear_result(result.get("source_call_id"), texts_of(result.get("content")))


def _note_tools(call: AgentCall, asked: object) -> None:
    for tool in asked if isinstance(asked, list) else ():
        if isinstance(tool, Mapping):
            call.asks_for(tool.get("tool_call_id"), tool.get("function_name"), json.dumps(tool.get("arguments") or {}))


def _usage(metrics: object) -> Usage:
    """The prompt counts what the cache held; what was written to it stands among the extras."""
    if not isinstance(metrics, Mapping):
        return Usage()
    extra = metrics.get("extra")
    written = extra.get("cache_creation_input_tokens") if isinstance(extra, Mapping) else None
    names = ("prompt_tokens", "completion_tokens", "cached_tokens")
    return read_usage({**{name: metrics.get(name) for name in names}, "cache_write_tokens": written})


def _cost(metrics: object) -> float | None:
    cost = amount(metrics.get("cost_usd")) if isinstance(metrics, Mapping) else None
    return cost if cost else None
