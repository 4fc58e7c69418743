"""Phoenix: spans as its API and client export them, and annotations, one JSON object each.

OpenTelemetry's own ``span.to_json()``, which its console exporter prints, has the same form and is read as well, and so
are the span objects that its JavaScript writes to files, with times in two numbers.
Attributes come flat with dots, nested, or as the columns of a table of spans (``attributes.llm.model_name``). The words
are OpenInference's; a span of another vocabulary that Phoenix took in is read as that. OTLP files of OpenInference
spans are read by ``otlp``.
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
from tierwise.data.importers.traces.spans import Span
from tierwise.data.replies.counts import amount
from tierwise.data.replies.json_text import decoded
from tierwise.data.step_log import Malformed

_ERRORS = ("ERROR", "STATUS_CODE_ERROR", "2")
_COLUMN, _EVALUATION = "attributes.", "eval."
_MAX_DEPTH = 12


def read_phoenix_export(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """Spans become calls and frames, annotations signals."""
    for record in read_json_objects(path, ("data", "spans", "annotations")):
        if isinstance(record, Malformed):
            yield record
            continue
        yield from guarded(record, _records(record, mapping))


def _records(record: Numbered, mapping: ImportMap) -> Iterator[Record]:
    row = _with_columns(record.value)
    context = _mapping(row.get("context")) or _mapping(row.get("spanContext"))
    span_id = _id(context, row, "span_id", "spanId")
    if "result" in row or (row.keys() & {"annotator_kind", "annotation_name"} and "attributes" not in row):
        yield from _annotation(row)
        return
    yield from _evaluations(row, str(span_id))
    if "attributes" not in row and any(key.startswith(_EVALUATION) for key in row):
        return
    trace_id = _id(context, row, "trace_id", "traceId")
    if not span_id or not trace_id:
        yield record.malformed("is neither a span with context.span_id and context.trace_id, nor an annotation")
        return
    yield from span_records(_span(row, str(trace_id), str(span_id)), mapping)
    for annotation in row.get("annotations") or row.get("span_annotations") or ():
        if isinstance(annotation, Mapping):
            yield from _annotation({"span_id": span_id, **annotation})


def _id(context: Mapping[str, Any], row: Mapping[str, Any], name: str, other: str) -> object:
    found = (context.get(name), context.get(other), row.get(f"context.{name}"), row.get(name), row.get(other))
    return next((each for each in found if each), None)


def _span(row: Mapping[str, Any], trace_id: str, span_id: str) -> Span:
    attributes = dict(_flat(_mapping(decoded(row.get("attributes"))), "", 0))
    if row.get("span_kind") or row.get("spanKind"):
        attributes.setdefault("openinference.span.kind", row.get("span_kind") or row.get("spanKind"))
    resource = _mapping(_mapping(row.get("resource")).get("attributes"))
    attributes |= {f"resource.{key}": value for key, value in resource.items()}
    status = _mapping(row.get("status"))  # OpenTelemetry's own ``to_json`` has code and message inside it
    code = row.get("status_code") or row.get("statusCode") or status.get("status_code") or status.get("code")
    is_error = str(code or "").upper().rpartition(".")[2] in _ERRORS
    told = row.get("status_message") or row.get("statusMessage") or status.get("description") or status.get("message")
    events = [_mapping(event) for event in _list(decoded(row.get("events")))]
    raised = next((_mapping(each.get("attributes")) for each in events if each.get("name") == "exception"), {})
    parent = row.get("parent_id") or row.get("parentId") or row.get("parentSpanId")
    parent = parent or _mapping(row.get("parentSpanContext")).get("spanId")
    return Span(
        span_id=span_id,
        trace_id=trace_id,
        name=str(row.get("name") or ""),
        parent_id=str(parent) if parent else None,
        attributes=attributes,
        started_at=_moment(row.get("start_time") or row.get("startTime")),
        ended_at=_moment(row.get("end_time") or row.get("endTime")),
        error=str(told or raised.get("exception.message") or "error") if is_error else None,
        error_type=str(raised.get("exception.type") or "") or None if is_error else None,
        events=tuple({"event.name": each.get("name"), **_mapping(each.get("attributes"))} for each in events),
    )


def _moment(raw: object) -> float | None:
    """A time, or JavaScript's pair of seconds and nanoseconds."""
    if isinstance(raw, list) and len(raw) == 2 and all(amount(each) is not None for each in raw):
        return float(raw[0]) + float(raw[1]) / 1e9
    return seconds(raw)


def _evaluations(row: Mapping[str, Any], span_id: str) -> Iterator[Signal]:
    """The columns of a table of spans that hold evaluations: ``eval.correct.label``, ``eval.correct.score``."""
    names = {key.removeprefix(_EVALUATION).rpartition(".")[0] for key in row if key.startswith(_EVALUATION)}
    for name in sorted(names):
        label, score = row.get(f"{_EVALUATION}{name}.label"), amount(row.get(f"{_EVALUATION}{name}.score"))
        value = label if isinstance(label, str) and label else score
        if name and value is not None:
            yield Signal(name, value, span_id)


def _annotation(row: Mapping[str, Any]) -> Iterator[Signal]:
    """A label counts before a score: it is what people and judges say, and rules are written for it."""
    columns = {key: row.get(f"result.{key}") for key in ("label", "score") if f"result.{key}" in row}
    result = _mapping(row.get("result")) or columns or row
    row = {**row, "name": row.get("name") or row.get("annotation_name")}
    subject = row.get("span_id") or row.get("spanId") or row.get("trace_id")
    label, score = result.get("label"), amount(result.get("score"))
    value = label if isinstance(label, str) and label else score
    if value is None or not subject:
        raise RecordError("", f"the annotation '{row.get('name')}' has neither label nor score, or belongs to no span")
    yield Signal(str(row.get("name") or "annotation"), value, str(subject), is_about_task="span_id" not in row)


def _with_columns(value: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of a table of spans, with its columns of attributes put together."""
    columns = {key.removeprefix(_COLUMN): each for key, each in value.items() if key.startswith(_COLUMN)}
    present = {key: each for key, each in columns.items() if each is not None}
    return {**value, "attributes": present} if columns and "attributes" not in value else value


def _flat(value: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Nested mappings and lists of mappings under dotted names, as the spans themselves had them."""
    if isinstance(value, Mapping) and depth < _MAX_DEPTH and not prefix.endswith((".json_schema", ".value")):
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key), depth + 1)
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value) and depth < _MAX_DEPTH:
        for number, inner in enumerate(value):
            yield from _flat(inner, f"{prefix}.{number}", depth + 1)
    else:
        yield prefix, value


def _mapping(raw: object) -> Mapping[str, Any]:
    return raw if isinstance(raw, Mapping) else {}


def _list(raw: object) -> list[Any]:
    return raw if isinstance(raw, list) else []
