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
from tierwise.data.importers.call import FoundCall, seconds
from tierwise.data.importers.chat import answer_of, decoded, first_amount, first_count, plain_messages, plain_tools
from tierwise.data.importers.chat import response_schema as schema_of
from tierwise.data.importers.json_source import Numbered, read_json_objects
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.records import Frame, Record, Signal
from tierwise.data.step_log import Malformed

_CAPITAL = re.compile(r"(?<=[a-z0-9])([A-Z])")


def read_langfuse_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Observations become calls and frames; scores become signals; traces hold both."""
    for record in read_json_objects(path, ("data",)):
        if isinstance(record, Malformed):
            yield record
            continue
        yield from _records(record, mapping, {})


def _records(record: Numbered, mapping: ImportMap, inherited: Mapping[str, Any]) -> Iterator[Record]:
    row = {_CAPITAL.sub(r"_\1", key).lower(): value for key, value in record.value.items()}
    if isinstance(row.get("observations"), list):
        trace = {"trace_id": row.get("id"), "session_id": row.get("session_id")}
        for part in [*row["observations"], *(row.get("scores") or [])]:
            if isinstance(part, Mapping):
                yield from _records(Numbered(record.path, record.number, part), mapping, trace)
        return
    row = {**inherited, **{key: value for key, value in row.items() if value is not None}}
    try:
        if "type" in row and "id" in row:
            yield _observation(row, mapping)
        elif "name" in row and ("value" in row or "string_value" in row):
            yield _score(row)
        else:
            yield record.malformed("is neither an observation, nor a score, nor a trace with observations")
    except RecordError as error:
        yield record.malformed(str(error))


def _observation(row: Mapping[str, Any], mapping: ImportMap) -> Record:
    kind = str(row["type"]).upper()
    if kind != "GENERATION":
        return Frame(str(row["id"]), str(row.get("name") or ""), row.get("parent_observation_id"), kind == "AGENT")
    asked, answered = decoded(row.get("input")), decoded(row.get("output"))
    request = asked if isinstance(asked, Mapping) else {}
    parameters = decoded(row.get("model_parameters"))
    parameters = parameters if isinstance(parameters, Mapping) else {}
    metadata = decoded(row.get("metadata"))
    own = {**row, "metadata": metadata if isinstance(metadata, Mapping) else {}, "session.id": row.get("session_id")}
    labels = mapping.labels(own)
    if labels.node is None:
        labels = replace(labels, node=_given_name(row))
    is_error = row.get("level") == "ERROR"
    return FoundCall(
        source_id=str(row["id"]),
        messages=plain_messages(asked),
        model=row.get("model") or row.get("provided_model_name") or row.get("model_id"),
        labels=labels,
        tools=plain_tools(request.get("tools") or parameters.get("tools")),
        response_schema=schema_of(request.get("response_format") or parameters.get("response_format")),
        usage=_usage(row),
        cost_usd=first_amount(row, "total_cost", "calculated_total_cost"),
        started_at=seconds(row.get("start_time")),
        ended_at=seconds(row.get("end_time")),
        trace_id=row.get("trace_id"),
        parent_id=row.get("parent_observation_id"),
        answer=answer_of(answered) if answered else None,
        error=str(row.get("status_message") or "error") if is_error else None,
    ).checked()


def _given_name(row: Mapping[str, Any]) -> str | None:
    """The name of a generation where people gave it one; those that SDKs give name the client or the model."""
    name, model = str(row.get("name") or ""), str(row.get("model") or "")
    is_generic = (
        name.lower().endswith(("generation", "completion")) or name.startswith("Chat") or (model and model in name)
    )
    return None if is_generic or not name else name


def _usage(row: Mapping[str, Any]) -> dict[str, int | None]:
    """Details split the input by kind (``input``, ``input_cached_tokens``, …), so the whole input is their sum."""
    details = decoded(row.get("usage_details")) or decoded(row.get("usage")) or {}
    if not isinstance(details, Mapping):
        return {}
    inputs = [first_count(details, key) or 0 for key in details if str(key).startswith(("input", "prompt"))]
    outputs = [first_count(details, key) or 0 for key in details if str(key).startswith(("output", "completion"))]
    return {
        "input_tokens": sum(inputs) if inputs else None,
        "output_tokens": sum(outputs) if outputs else None,
        "cached_tokens": first_count(details, "input_cached_tokens", "input_cache_read", "cache_read_input_tokens"),
        "cache_write_tokens": first_count(details, "input_cache_creation", "cache_creation_input_tokens"),
    }


def _score(row: Mapping[str, Any]) -> Signal:
    value = row.get("string_value") if row.get("value") is None else row["value"]
    if row.get("data_type") == "BOOLEAN" and value in (0, 1, 0.0, 1.0):
        value = bool(value)
    subject = row.get("observation_id") or row.get("trace_id")
    if not isinstance(value, bool | int | float | str) or not subject:
        raise RecordError("", f"the score '{row['name']}' has no value, or belongs to nothing")
    return Signal(str(row["name"]), value, str(subject), is_about_task="observation_id" not in row)
