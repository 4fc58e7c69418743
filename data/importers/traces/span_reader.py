"""Spans to records: LLM calls in the words that we know, and frames for everything around them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall
from tierwise.data.importers.reading.records import Call, Frame, Record
from tierwise.data.importers.traces.log_events import read_log_events
from tierwise.data.importers.traces.spans import Span, read_otlp
from tierwise.data.importers.traces.vocabularies import found_call, frame_name, is_agent, missing_call
from tierwise.data.step_log import Malformed


def read_otlp_logs(paths: Sequence[Path], mapping: ImportMap) -> Iterator[Record]:
    """GenAI and OpenInference spans of OTLP JSON files, with the words that stand in log records."""
    logged = read_log_events(paths)
    for path in paths:
        for found in read_otlp(path, logged):
            if isinstance(found, Malformed):
                yield found
                continue
            record, span = found
            try:
                yield from span_records(span, mapping)
            except UNREADABLE as error:
                yield record.malformed(f"span {span.name}: {why(error)}")


def span_records(span: Span, mapping: ImportMap) -> Iterator[Record]:
    """A call or a frame. Raises ``RecordError`` for a call that cannot be read."""
    found = found_call(span, mapping)
    told = found.checked() if isinstance(found, FoundCall) else found
    if told is not None:
        yield told
    if not isinstance(told, Call):
        name, missing = frame_name(span), missing_call(span)
        yield Frame(span.span_id, name, span.parent_id, is_agent(span), missing, is_skipped=told is not None)
