"""OpenTelemetry spans as OTLP JSON files: what collectors' file exporters and the SDKs' own exporters write, what Tempo
answers, and Jaeger's documents.

Ids may be hexadecimal, as the OTLP/JSON specification wants them, or base64, as protobuf's own JSON mapping writes
them; integers may be text. Which words the attributes use is none of this module's business.
"""

from base64 import b64decode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.reading.call import seconds
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects
from tierwise.data.importers.traces.jaeger_spans import jaeger_spans
from tierwise.data.importers.traces.log_events import LOGS, Events
from tierwise.data.replies.counts import count
from tierwise.data.step_log import Malformed

_SPANS = ("resourceSpans", "batches")
_ERROR_CODES = (2, "2", "STATUS_CODE_ERROR")
_DETAIL_EVENTS = ("gen_ai.client.inference.operation.details", "gen_ai.content.prompt", "gen_ai.content.completion")


@dataclass(frozen=True, slots=True)
class Span:
    """A span with decoded attributes. ``events`` are those that hold messages, as older conventions write them, each
    with its name under ``event.name``. ``is_cut``: the SDK dropped attributes or events beyond its limits."""

    span_id: str
    trace_id: str
    name: str
    parent_id: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    started_at: float | None = None
    ended_at: float | None = None
    error: str | None = None
    error_type: str | None = None
    events: tuple[Mapping[str, Any], ...] = ()
    is_cut: bool = False


def read_otlp(path: Path, logged: Events) -> Iterator[tuple[Numbered, Span] | Malformed]:
    """Every span of a file, with the record that it stood in and the events that ``logged`` has for it."""
    for record in read_json_objects(path):
        if isinstance(record, Malformed):
            yield record
            continue
        try:
            found = list(_raw_spans(record.value))
        except UNREADABLE as error:
            yield record.malformed(why(error))
            continue
        if not found and not _is_other_signal(record.value):
            yield record.malformed(f"has no resourceSpans; OTLP JSON is needed{_advice(record.value)}")
        for raw, shared in found:
            alone = Numbered(record.path, record.number, raw)
            events = logged.get((str(raw.get("traceId")), str(raw.get("spanId"))), ())
            try:
                yield alone, span_of({**raw, "events": [*_objects(raw.get("events")), *events]}, shared)
            except UNREADABLE as error:
                yield alone.malformed(f"no span: {why(error)}")


def _is_other_signal(row: Mapping[str, Any]) -> bool:
    """Logs and metrics of a collector, and a list of spans that is empty."""
    return any(isinstance(row.get(key), list) for key in (*_SPANS, LOGS, "resourceMetrics"))


def _advice(row: Mapping[str, Any]) -> str:
    is_alone = any(key in row for key in ("traceId", "spanContext", "context"))
    return ", and single spans are read with --from phoenix" if is_alone else ""


def _raw_spans(value: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every span with the attributes of its resource; Tempo says ``batches`` and may wrap the trace."""
    inner = value.get("trace")
    holder = inner if isinstance(inner, Mapping) else value
    for resource in next((_objects(holder[key]) for key in _SPANS if isinstance(holder.get(key), list)), []):
        shared = _attributes((resource.get("resource") or {}).get("attributes"))
        for scope in _objects(resource.get("scopeSpans", resource.get("instrumentationLibrarySpans"))):
            for raw in _objects(scope.get("spans")):
                yield raw, shared
    yield from jaeger_spans(holder)


def span_of(raw: Mapping[str, Any], resource: Mapping[str, Any]) -> Span:
    """One span object. Raises ``RecordError`` where the ids are missing."""
    trace_id, span_id = hex_id(raw.get("traceId")), hex_id(raw.get("spanId"))
    if not trace_id or not span_id:
        raise RecordError("", "a span without traceId or spanId")
    attributes = {f"resource.{key}": value for key, value in resource.items()} | _attributes(raw.get("attributes"))
    events = [(str(event.get("name")), _attributes(event.get("attributes"))) for event in _objects(raw.get("events"))]
    status = raw.get("status") or {}
    is_error = isinstance(status, Mapping) and status.get("code") in _ERROR_CODES
    raised = next((values for name, values in events if name == "exception" and is_error), {})
    for name, values in events:
        if name in _DETAIL_EVENTS and "role" not in values:
            attributes |= {key: value for key, value in values.items() if key not in attributes}
    return Span(
        span_id=f"{trace_id}-{span_id}",
        trace_id=trace_id,
        name=str(raw.get("name") or ""),
        parent_id=f"{trace_id}-{parent}" if (parent := hex_id(raw.get("parentSpanId"))) else None,
        attributes=attributes,
        started_at=seconds(raw.get("startTimeUnixNano")),
        ended_at=seconds(raw.get("endTimeUnixNano")),
        error=str(status.get("message") or raised.get("exception.message") or "error") if is_error else None,
        error_type=str(attributes.get("error.type") or raised.get("exception.type") or "") or None,
        events=tuple({"event.name": name, **values} for name, values in events if name.startswith("gen_ai.")),
        is_cut=any(count(raw.get(name)) for name in ("droppedAttributesCount", "droppedEventsCount")),
    )


def hex_id(raw: object) -> str | None:
    """An id in hexadecimal; None for a missing one and for all zeros.

    >>> hex_id("h7H8ToQhuFQ=")
    '87b1fc4e8421b854'
    """
    if not isinstance(raw, str) or not raw.strip("0"):
        return None
    text = raw.lower().removeprefix("0x")
    if len(text) in (16, 32) and all(char in "0123456789abcdef" for char in text):
        return text
    try:
        return b64decode(raw, validate=True).hex() or None
    except ValueError:
        raise RecordError("", f"the id {raw!r} is neither hexadecimal nor base64") from None


def _objects(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def _attributes(raw: object) -> dict[str, Any]:
    return {str(item.get("key")): _value(item.get("value")) for item in _objects(raw)}


def _value(raw: object) -> Any:
    """OTLP's AnyValue."""
    if not isinstance(raw, Mapping) or not raw:
        return None
    kind, value = next(iter(raw.items()))
    if kind == "intValue":
        return int(value)
    if kind == "arrayValue":
        return [_value(item) for item in _objects((value or {}).get("values"))]
    if kind == "kvlistValue":
        return _attributes((value or {}).get("values"))
    return value
