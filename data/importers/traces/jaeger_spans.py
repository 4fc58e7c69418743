"""Traces as Jaeger's interface and API give them, in the form of OTLP: tags are attributes, logs are events."""

from collections.abc import Iterator, Mapping
from typing import Any

_KINDS = {"bool": "boolValue", "int64": "intValue", "float64": "doubleValue"}
_ERRORS = ("true", "error", "2")


def jaeger_spans(value: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Every span of a document or a trace, with the attributes of its process; nothing where it is neither."""
    for trace in _objects(value.get("data")) or [value]:
        processes = trace.get("processes")
        for span in _objects(trace.get("spans")):
            if "traceID" in span:
                process = processes.get(span.get("processID")) if isinstance(processes, Mapping) else None
                tags = _objects(process.get("tags")) if isinstance(process, Mapping) else []
                yield _as_otlp(span), {str(tag.get("key")): tag.get("value") for tag in tags}


def _as_otlp(span: Mapping[str, Any]) -> Mapping[str, Any]:
    tags = {str(tag.get("key")): tag.get("value") for tag in _objects(span.get("tags"))}
    is_error = any(str(tags.get(key)).lower() in _ERRORS for key in ("error", "otel.status_code"))
    start = int(span.get("startTime") or 0)  # microseconds
    parents = [each.get("spanID") for each in _objects(span.get("references")) if each.get("refType") == "CHILD_OF"]
    return {
        "traceId": _padded(span.get("traceID"), 32),
        "spanId": _padded(span.get("spanID"), 16),
        "parentSpanId": _padded(parents[0], 16) if parents else None,
        "name": span.get("operationName"),
        "startTimeUnixNano": start * 1000,
        "endTimeUnixNano": (start + int(span.get("duration") or 0)) * 1000,
        "attributes": _attributes(span.get("tags")),
        "events": [_event(log) for log in _objects(span.get("logs"))],
        "status": {"code": 2, "message": tags.get("otel.status_description")} if is_error else {},
    }


def _event(log: Mapping[str, Any]) -> Mapping[str, Any]:
    fields = {str(field.get("key")): field.get("value") for field in _objects(log.get("fields"))}
    return {"name": str(fields.get("event") or ""), "attributes": _attributes(log.get("fields"))}


def _attributes(raw: object) -> list[dict[str, Any]]:
    return [
        {"key": tag.get("key"), "value": {_KINDS.get(str(tag.get("type")), "stringValue"): tag.get("value")}}
        for tag in _objects(raw)
    ]


def _padded(raw: object, length: int) -> object:
    """Jaeger leaves out leading zeros."""
    return raw.rjust(length, "0") if isinstance(raw, str) and len(raw) < length else raw


def _objects(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []
