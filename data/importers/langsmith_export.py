"""LangSmith: runs and feedback as the SDK's ``Run`` and ``Feedback`` schemas give them, one JSON object each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.call import FoundCall, seconds
from tierwise.data.importers.chat import (
    answer_of,
    decoded,
    first_amount,
    first_count,
    plain_messages,
    plain_tools,
    response_schema,
    usage_of,
)
from tierwise.data.importers.json_source import Numbered, read_json_objects
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Frame, Record, Signal
from tierwise.data.step_log import Malformed

_CALLS = ("llm", "chat_model")


def read_langsmith_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """LLM runs become calls, other runs frames; feedback, inside runs or in a file of its own, becomes signals."""
    for record in read_json_objects(path, ("runs", "data")):
        if isinstance(record, Malformed):
            yield record
            continue
        try:
            yield from _records(record, mapping)
        except RecordError as error:
            yield record.malformed(str(error))


def _records(record: Numbered, mapping: ImportMap) -> Iterator[Record]:
    row = record.value
    if "key" in row and ("run_id" in row or "trace_id" in row):
        yield _feedback(row)
        return
    if "run_type" not in row or "id" not in row:
        yield record.malformed("is neither a run nor feedback")
        return
    if row["run_type"] not in _CALLS:
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
    parameters = dict(metadata.get("ls_invocation_params") or {}) | dict(extra.get("invocation_params") or {})
    parameters |= {key: inputs[key] for key in ("tools", "response_format") if inputs.get(key)}
    answered = outputs if isinstance(outputs, Mapping) else {}
    return FoundCall(
        source_id=str(row["id"]),
        messages=plain_messages(inputs),
        model=answered.get("model") or metadata.get("ls_model_name") or parameters.get("model") or inputs.get("model"),
        labels=mapping.labels({"metadata": metadata}),
        tools=plain_tools(parameters.get("tools")),
        response_schema=response_schema(parameters.get("response_format")),
        usage=_usage(row, metadata),
        cost_usd=first_amount(row, "total_cost"),
        started_at=seconds(row.get("start_time")),
        ended_at=seconds(row.get("end_time")),
        trace_id=_text(row.get("trace_id")),
        parent_id=_text(row.get("parent_run_id")),
        answer=answer_of(outputs) if outputs else None,
        error=row.get("error") or None,
        error_type=str(row["error"]).partition("(")[0] if row.get("error") else None,
    )


def _usage(row: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, int | None]:
    """What the server counted, else what the SDK saw."""
    counted = usage_of(row)
    seen = usage_of(metadata.get("usage_metadata"))
    if first_count(row, "prompt_tokens") in (None, 0):
        return seen
    return {key: seen[key] if value is None else value for key, value in counted.items()}


def _feedback(row: Mapping[str, Any]) -> Signal:
    value = row.get("value") if row.get("score") is None else row["score"]
    subject = row.get("run_id") or row.get("trace_id")
    if not isinstance(value, bool | int | float | str) or not subject:
        raise RecordError("", f"the feedback '{row['key']}' has neither score nor value, or belongs to no run")
    return Signal(str(row["key"]), value, str(subject), is_about_task=not row.get("run_id"))


def _text(raw: object) -> str | None:
    return None if raw is None else str(raw)
