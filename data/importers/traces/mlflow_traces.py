"""MLflow traces in the form of ``Trace.to_dict``: spans, and assessments as signals.

Reading them from a tracking server needs MLflow and stands in :mod:`tierwise.training.runs.trace_source`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.records import Record, Signal
from tierwise.data.importers.traces.span_reader import span_records
from tierwise.data.importers.traces.spans import Span, hex_id
from tierwise.data.replies.json_text import decoded
from tierwise.data.step_log import Malformed

_ERROR = ("STATUS_CODE_ERROR", "ERROR")


def read_mlflow_traces(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Traces from a file, one JSON object each."""
    for record in read_json_objects(path, ("traces",)):
        if isinstance(record, Malformed):
            yield record
        else:
            yield from guarded(record, trace_records(record, mapping))


def trace_records(record: Numbered, mapping: ImportMap) -> Iterator[Record]:
    """The calls, frames and signals of one trace; a span that cannot be read does not take the others with it."""
    info, spans = _trace(record.value)
    if not isinstance(spans, list):
        yield record.malformed("is no MLflow trace: info and data.spans, or spans, are needed")
        return
    trace_id = str(info.get("trace_id") or info.get("request_id") or _id_in(spans))
    own = info.get("trace_metadata") or info.get("request_metadata")
    metadata = {**_mapping(own), **_mapping(info.get("tags"))}
    for raw in spans:
        try:
            yield from span_records(_span(_current(raw), trace_id, metadata), mapping)
        except KeyError as error:
            yield record.malformed(f"span {_mapping(raw).get('name')!r} has no {error}")
        except (RecordError, TypeError, ValueError, AttributeError) as error:
            yield record.malformed(f"span {_mapping(raw).get('name')!r}: {error}")
    for raw in _list(info.get("assessments")):
        signal = _signal(_mapping(raw), trace_id)
        if signal is not None:
            yield signal


def _trace(value: Mapping[str, Any]) -> tuple[Mapping[str, Any], object]:
    """What is known of a trace, and its spans: a whole trace, a row of ``search_traces`` with the trace or its spans in
    a column, or the artefact ``traces.json``, which holds the spans alone."""
    inner = decoded(value.get("trace"))
    if isinstance(inner, Mapping) and "data" in inner:
        return _trace(inner)
    data = decoded(value.get("data"))
    if isinstance(data, Mapping):
        return _mapping(value.get("info")), data.get("spans")
    return _mapping(value.get("info")) or value, decoded(value.get("spans"))


def _id_in(spans: list[Any]) -> object:
    """The id that every span of a trace carries among its attributes."""
    for span in spans:
        attributes = _mapping(_mapping(span).get("attributes"))
        found = decoded(attributes.get("mlflow.traceRequestId")) or _mapping(span).get("trace_id")
        if found:
            return found
    return None


def _current(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    """A span of MLflow 2 (trace schema 2) in the words of MLflow 3."""
    context = raw.get("context")
    if not isinstance(context, Mapping):
        return raw
    return {
        **raw,
        "span_id": context["span_id"],
        "parent_span_id": raw.get("parent_id"),
        "start_time_unix_nano": raw.get("start_time"),
        "end_time_unix_nano": raw.get("end_time"),
        "status": {"code": raw.get("status_code"), "message": raw.get("status_message")},
    }


def _span(raw: Mapping[str, Any], trace_id: str, metadata: Mapping[str, Any]) -> Span:
    attributes = {key: decoded(value) for key, value in _mapping(raw.get("attributes")).items()}
    kind = str(attributes.get("mlflow.spanType") or "UNKNOWN")
    inherited = {"session.id": metadata.get("mlflow.trace.session"), **metadata}
    status = _mapping(raw.get("status"))
    raised = next((_mapping(_mapping(event).get("attributes")) for event in _list(raw.get("events"))), {})
    is_error = status.get("code") in _ERROR
    parent = hex_id(raw.get("parent_span_id"))
    return Span(
        span_id=f"{trace_id}-{hex_id(raw['span_id'])}",
        trace_id=trace_id,
        name=str(raw.get("name") or ""),
        parent_id=f"{trace_id}-{parent}" if parent else None,
        attributes={**inherited, **attributes, "mlflow.spanType": kind},
        started_at=seconds(raw.get("start_time_unix_nano")),
        ended_at=seconds(raw.get("end_time_unix_nano")),
        error=str(status.get("message") or raised.get("exception.message") or "error") if is_error else None,
        error_type=raised.get("exception.type"),
    )


def _signal(raw: Mapping[str, Any], trace_id: str) -> Signal | None:
    """Feedback; expectations are no verdicts, and what was overridden no longer counts."""
    value = _mapping(raw.get("feedback")).get("value")
    if not isinstance(value, bool | int | float | str) or raw.get("valid") is False:
        return None
    span_id = hex_id(raw.get("span_id"))
    subject = f"{trace_id}-{span_id}" if span_id else trace_id
    return Signal(str(raw.get("assessment_name")), value, subject, is_about_task=span_id is None)


def _mapping(raw: object) -> Mapping[str, Any]:
    value = decoded(raw)
    return value if isinstance(value, Mapping) else {}


def _list(raw: object) -> list[Any]:
    value = decoded(raw)
    return value if isinstance(value, list) else []
