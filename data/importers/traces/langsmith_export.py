"""LangSmith: runs and feedback as the SDK's ``Run`` and ``Feedback`` schemas give them, one JSON object each."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.parameters import call_parameters
from tierwise.data.importers.reading.questions import asked_beside
from tierwise.data.importers.reading.records import Frame, Record, Signal
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import first_amount
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

_CALLS = ("llm", "chat_model")


def read_langsmith_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """LLM runs become calls, other runs frames; feedback, inside runs or in a file of its own, becomes signals."""
    for record in read_json_objects(path, ("runs", "data")):
        if isinstance(record, Malformed):
            yield record
            continue
        yield from guarded(record, _records(record, mapping))


def _records(record: Numbered, mapping: ImportMap) -> Iterator[Record]:
    row = record.value
    if "key" in row and ("run_id" in row or "trace_id" in row):
        yield _feedback(row)
        return
    if "run_type" not in row or "id" not in row:
        yield record.malformed("is neither a run nor feedback")
        return
    if str(row["run_type"]).lower() not in _CALLS:  # the second version of the API shouts
        yield Frame(str(row["id"]), str(row.get("name") or ""), _text(row.get("parent_run_id")))
    else:
        yield _found(row, mapping).checked()
    stats = row.get("feedback_stats")
    for key, stat in stats.items() if isinstance(stats, Mapping) else ():
        average = stat.get("avg") if isinstance(stat, Mapping) else None
        if isinstance(average, int | float):
            yield Signal(str(key), float(average), str(row["id"]))
    for child in row.get("child_runs") or ():
        if isinstance(child, Mapping):
            yield from _records(Numbered(record.path, record.number, child), mapping)


def _found(row: Mapping[str, Any], mapping: ImportMap) -> FoundCall:
    extra = row["extra"] if isinstance(row.get("extra"), Mapping) else {}
    metadata = extra["metadata"] if isinstance(extra.get("metadata"), Mapping) else {}
    inputs, outputs = decoded(row.get("inputs")) or {}, decoded(row.get("outputs"))
    asked = inputs if isinstance(inputs, Mapping) else {"messages": inputs}
    parameters = dict(metadata.get("ls_invocation_params") or {}) | dict(extra.get("invocation_params") or {})
    parameters |= {key: asked[key] for key in _REQUESTED if asked.get(key)}
    answered = outputs if isinstance(outputs, Mapping) else {}
    request = read_request(asked)
    found = find_error(outputs)
    error = row.get("error") or (None if found is None else found.message or "error")
    return FoundCall(
        source_id=str(row["id"]),
        messages=request.messages,
        model_at="ls_model_name or the model of its inputs and outputs",
        model=answered.get("model") or metadata.get("ls_model_name") or parameters.get("model") or asked.get("model"),
        labels=mapping.labels({"metadata": metadata}),
        tools=plain_tools(parameters.get("tools")),
        response_schema=requested_schema(parameters),
        usage=_usage(row, metadata, outputs),
        cost_usd=first_amount(row, "total_cost"),
        started_at=seconds(row.get("start_time")),
        ended_at=seconds(row.get("end_time")),
        trace_id=_text(row.get("trace_id")),
        parent_id=_text(row.get("parent_run_id")),
        answer=read_answer(outputs) if outputs and error is None else None,
        error=error,
        error_type=str(error).partition("(")[0] if error else None,
        asked=[inputs, parameters.get("tools"), asked_beside(parameters)],
        parameters=call_parameters(parameters, asked),
        problem=request.problem or (f"inputs has only {', '.join(sorted(asked)[:6])}" if asked else "inputs is empty"),
    )


_REQUESTED = ("tools", "response_format", "text", "output_config", "format")


def _usage(row: Mapping[str, Any], metadata: Mapping[str, Any], outputs: object) -> Usage:
    """What the server counted, else what the SDK saw, else what the provider answered."""
    counted = read_usage({name: row.get(name) for name in _COUNTS})
    seen = read_usage(metadata.get("usage_metadata"))
    stated = seen if seen.is_known else read_usage(outputs)
    if not counted.is_known:
        return stated
    written = stated.cache_write_tokens if counted.cache_write_tokens is None else counted.cache_write_tokens
    return replace(
        stated,
        input_tokens=counted.input_tokens,
        output_tokens=stated.output_tokens if counted.output_tokens is None else counted.output_tokens,
        cached_tokens=stated.cached_tokens if counted.cached_tokens is None else counted.cached_tokens,
        cache_write_tokens=written,
    )


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "prompt_token_details", "completion_token_details")


def _feedback(row: Mapping[str, Any]) -> Signal:
    value = row.get("value") if row.get("score") is None else row["score"]
    subject = row.get("run_id") or row.get("trace_id")
    if not isinstance(value, bool | int | float | str) or not subject:
        raise RecordError("", f"the feedback '{row['key']}' has neither score nor value, or belongs to no run")
    return Signal(str(row["key"]), value, str(subject), is_about_task=not row.get("run_id"))


def _text(raw: object) -> str | None:
    return None if raw is None else str(raw)
