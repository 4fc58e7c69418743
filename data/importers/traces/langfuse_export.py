"""Langfuse: observations and scores, from the API, an export of the interface, or one to blob storage.

Keys come in camelCase and in snake_case; both are read. Give the scores as a further file, or leave them inside their
traces.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters, spoken_parameters
from tierwise.data.importers.reading.questions import asked_beside
from tierwise.data.importers.reading.records import Frame, Record, Signal, Skipped
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import amount, first_amount
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def read_langfuse_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Observations become calls and frames; scores become signals; traces hold both."""
    for record in read_json_objects(path, ("data",)):
        if isinstance(record, Malformed):
            yield record
            continue
        yield from guarded(record, _records(record, mapping, {}))


def _records(record: Numbered, mapping: ImportMap, inherited: Mapping[str, Any]) -> Iterator[Record]:
    row: Mapping[str, Any] = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in record.value.items()}
    if isinstance(row.get("observations"), list) or isinstance(row.get("trace"), Mapping):
        row = _opened(row)
        trace = {"trace_id": row.get("id"), "session_id": row.get("session_id")}
        sessions = {each.get("id"): each.get("sessionId") for each in _objects(row.get("traces"))}
        in_traces = [score for each in _objects(row.get("traces")) for score in _objects(each.get("scores"))]
        for part in [*_objects(row.get("observations")), *_objects(row.get("scores")), *in_traces]:
            shared = {**trace, "session_id": trace["session_id"] or sessions.get(part.get("traceId"))}
            alone = Numbered(record.path, record.number, part)
            yield from guarded(alone, _records(alone, mapping, shared))
        return
    row = {**inherited, **{key: value for key, value in row.items() if value is not None}}
    if "type" not in row and "observation_type" in row:
        row = {**row, "type": row["observation_type"]}
    if "type" in row and "id" in row:
        yield _observation(row, mapping)
    elif "name" in row and ("value" in row or "string_value" in row):
        yield _score(row)
    else:
        yield record.malformed("is neither an observation, nor a score, nor a trace with observations")


def _opened(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A trace that was downloaded stands beside its observations; the API has them inside it."""
    trace = row.get("trace")
    if not isinstance(trace, Mapping):
        return row
    inner = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in trace.items()}
    scores = [*(inner.get("scores") or []), *(row.get("scores") or [])]
    unique = {
        str(score.get("id") or number): score for number, score in enumerate(scores) if isinstance(score, Mapping)
    }
    return {**inner, "observations": row.get("observations"), "scores": list(unique.values())}


def _observation(row: Mapping[str, Any], mapping: ImportMap) -> Record:
    kind = str(row["type"]).upper()
    if kind != "GENERATION":
        return Frame(str(row["id"]), str(row.get("name") or ""), row.get("parent_observation_id"), kind == "AGENT")
    asked, answered = decoded(row.get("input")), decoded(row.get("output"))
    parameters = _mapping(row.get("model_parameters"))
    parameters = {**parameters, **(asked if isinstance(asked, Mapping) else {})}
    asked, listed = _without_tools(asked)
    metadata = _mapping(row.get("metadata"))
    words = _mapping(metadata.get("attributes"))  # what came through OpenTelemetry keeps its attributes there
    own = {**words, **row, "metadata": metadata, "session.id": row.get("session_id") or words.get("session.id")}
    labels = mapping.labels(own)
    if labels.node is None:
        labels = replace(labels, node=_given_name(row))
    request, found = read_request(asked), find_error(answered)
    error = str(row.get("status_message") or "error") if row.get("level") == "ERROR" else None
    error = error or (None if found is None else found.message or "error")
    return FoundCall(
        source_id=str(row["id"]),
        messages=request.messages,
        model_at="model, provided_model_name or modelParameters.model",
        model=row.get("model") or row.get("provided_model_name") or row.get("model_id") or parameters.get("model"),
        labels=labels,
        tools=plain_tools(parameters.get("tools") or row.get("tool_definitions") or listed)
        or plain_tools(words.get("gen_ai.tool.definitions")),
        response_schema=requested_schema(parameters),
        usage=_usage(row),
        cost_usd=_cost(row),
        started_at=seconds(row.get("start_time")),
        ended_at=seconds(row.get("end_time")),
        trace_id=row.get("trace_id"),
        parent_id=row.get("parent_observation_id"),
        answer=read_answer(answered) if answered and error is None else None,
        error=error,
        asked=[row.get("input"), parameters.get("tools"), asked_beside(row.get("model_parameters"))],
        parameters=call_parameters(parameters, spoken_parameters(words)),
        problem=request.problem or _problem(asked),
    ).checked()


def _problem(asked: object) -> str | None:
    """Why there is no prompt in an input that is there."""
    if isinstance(asked, Mapping) and asked:
        there = ", ".join(sorted(asked)[:6])
        return f"messages, contents, input, prompt or args was looked for in input, which has {there}"
    return "input holds no messages that are known" if asked else "input is empty"


def _without_tools(asked: Any) -> tuple[Any, list[Any]]:
    """LangChain's handler lists the tools among the messages, as messages of the role tool."""
    if not isinstance(asked, list):
        return asked, []
    tools = [item["content"] for item in asked if _is_tool(item)]
    return [item for item in asked if not _is_tool(item)], tools


def _is_tool(item: object) -> bool:
    content = item.get("content") if isinstance(item, Mapping) and item.get("role") == "tool" else None
    return isinstance(content, Mapping) and content.get("type") == "function"


def _objects(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def _mapping(raw: object) -> Mapping[str, Any]:
    value = decoded(raw)
    return value if isinstance(value, Mapping) else {}


def _given_name(row: Mapping[str, Any]) -> str | None:
    """The name of a generation where people gave it one; those that SDKs give name the client or the model."""
    name, model = str(row.get("name") or ""), str(row.get("model") or "")
    is_generic = (
        name.lower().endswith(("generation", "completion")) or name.startswith("Chat") or (model and model in name)
    )
    return None if is_generic or not name else name


def _usage(row: Mapping[str, Any]) -> Usage:
    """Details split the whole by kind (``input``, ``input_cached_tokens``, …) or are parts of it; the total tells."""
    details = _mapping(row.get("usage_details")) or _mapping(row.get("usage"))
    if str(details.get("unit") or "TOKENS").upper() != "TOKENS":
        return Usage()
    counted = read_usage(details) if details else read_usage({name: row.get(name) for name in _COUNTS})
    return counted if counted.is_known else read_usage({name: row.get(f"{name}_usage") for name in _USAGES})


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_USAGES = ("input", "output", "total")


def _cost(row: Mapping[str, Any]) -> float | None:
    """The whole cost where one is given, else the sum of its parts."""
    details = _mapping(row.get("cost_details"))
    total = first_amount(row, "total_cost", "calculated_total_cost") or first_amount(details, "total")
    if total is not None:
        return total
    parts = [found for key, value in details.items() if key != "total" and (found := amount(value)) is not None]
    return sum(parts) if parts else None


def _score(row: Mapping[str, Any]) -> Record:
    value = row.get("string_value") if row.get("value") is None else row["value"]
    if row.get("data_type") == "BOOLEAN" and value in (0, 1, 0.0, 1.0):
        value = bool(value)
    subject = row.get("observation_id") or row.get("trace_id")
    if not subject and (row.get("session_id") or row.get("dataset_run_id")):
        return Skipped("a score on a whole session or dataset run")
    if not isinstance(value, bool | int | float | str) or not subject:
        raise RecordError("", f"the score '{row['name']}' has no value, or belongs to nothing")
    return Signal(str(row["name"]), value, str(subject), is_about_task="observation_id" not in row)
