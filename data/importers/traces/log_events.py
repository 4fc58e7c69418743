"""Messages that OpenTelemetry's instrumentations write as log records, which name the span that they belong to.

The official ones for OpenAI, Vertex and Bedrock do so: the span has the model and the tokens, the log the words. Both
signals of a collector may stand in one file or in two.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tierwise.data.importers.reading.json_source import mentions, read_json_objects
from tierwise.data.step_log import Malformed

LOGS = "resourceLogs"
Events = Mapping[tuple[str, str], Sequence[Mapping[str, Any]]]


def read_log_events(paths: Sequence[Path]) -> Events:
    """The events of every span, by trace id and span id as they are written, in the form that spans hold events."""
    found: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for path in paths:
        for record in read_json_objects(path) if mentions(path, LOGS) else ():
            if not isinstance(record, Malformed):
                for span, event in _events(record.value):
                    found[span].append(event)
    return found


def _events(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    for resource in _objects(value.get(LOGS)):
        for scope in _objects(resource.get("scopeLogs")):
            for log in _objects(scope.get("logRecords")):
                attributes = _objects(log.get("attributes"))
                name = str(log.get("eventName") or _said(attributes, "event.name") or "")
                if name.startswith("gen_ai.") and log.get("traceId") and log.get("spanId"):
                    event = {"name": name, "attributes": [*attributes, *_body(log.get("body"))]}
                    yield (str(log["traceId"]), str(log["spanId"])), event


def _body(raw: object) -> list[Mapping[str, Any]]:
    """The fields of a body, as attributes; a text is the content itself."""
    body = raw if isinstance(raw, Mapping) else {}
    fields = body.get("kvlistValue")
    if isinstance(fields, Mapping):
        return _objects(fields.get("values"))
    return [{"key": "gen_ai.event.content", "value": body}] if body.get("stringValue") else []


def _said(attributes: list[Mapping[str, Any]], key: str) -> object:
    values = (each.get("value") for each in attributes if each.get("key") == key)
    return next((value.get("stringValue") for value in values if isinstance(value, Mapping)), None)


def _objects(raw: object) -> list[Mapping[str, Any]]:
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []
