"""CSV with a mapping file: ``[csv]`` says which column holds what."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.records import Record, Signal
from tierwise.data.importers.reading.requests import Request, read_request
from tierwise.data.importers.reading.schemas import plain_tools
from tierwise.data.importers.reading.schemas import response_schema as schema_of
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import first_amount, first_count
from tierwise.data.step_log import Malformed

COLUMNS = (
    "id", "text", "messages", "model", "tools", "response_format", "answer", "error", "task_id", "session_id",
    "timestamp", "agent", "node", "task_type", "group", "decision_id", "input_tokens", "output_tokens", "cached_tokens",
    "cost_usd", "latency_ms",
)  # fmt: skip
_FIELD_LIMIT = 10_000_000
_TOO_MANY = "fields beyond the header"
_LABELS = ("agent", "node", "task_type", "task_id", "session_id", "decision_id", "group")


def read_csv_table(path: Path, mapping: ImportMap) -> Iterator[Record]:
    """A row a call. Columns that a rule of ``[success]`` names are signals about their row."""
    _check_columns(mapping)
    csv.field_size_limit(_FIELD_LIMIT)
    identities = Identities()
    try:
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.DictReader(file, restkey=_TOO_MANY)
            _check_header(path, reader.fieldnames or (), mapping)
            for row in reader:
                yield from _row_records(path, reader.line_num, row, mapping, identities)
    except OSError as error:
        raise ForeignLogError(f"{path}: {error.strerror or error}") from None
    except csv.Error as error:
        yield Malformed(str(path), reader.line_num, f"not CSV from here on: {error}", "")


def _row_records(
    path: Path, number: int, row: dict[str, Any], mapping: ImportMap, identities: Identities
) -> Iterator[Record]:
    source_id = row.get(mapping.csv.get("id", "")) or identities.of(row)
    try:
        if _TOO_MANY in row or None in row.values():
            raise RecordError("", "has more or fewer fields than the header")
        yield _found(source_id, row, mapping).checked()
    except RecordError as error:
        yield Malformed(str(path), number, str(error), json.dumps(row, default=str))
        return
    for column, value in row.items():
        if mapping.rule(column) is not None and value.strip():
            yield Signal(column, value.strip(), source_id)


def _found(source_id: str, row: Mapping[str, str], mapping: ImportMap) -> FoundCall:
    cells = {name: row[column].strip() for name, column in mapping.csv.items() if row[column].strip()}
    for name in ("input_tokens", "output_tokens", "cached_tokens"):
        if name in cells and first_count(cells, name) is None:
            raise RecordError(mapping.csv[name], f"is {cells[name]!r}; a whole number is needed")
    for name in ("cost_usd", "latency_ms"):
        if name in cells and first_amount(cells, name) is None:
            raise RecordError(mapping.csv[name], f"is {cells[name]!r}; a number is needed")
    asked = cells.get("messages") or cells.get("text")
    request = read_request(cells["messages"]) if "messages" in cells else Request(_text_message(cells.get("text")))
    return FoundCall(
        source_id=source_id,
        messages=request.messages,
        asked=[asked, cells.get("tools")],
        problem=request.problem,
        model=cells.get("model"),
        labels=mapping.labels({f"tierwise.{name}": cells[name] for name in _LABELS if name in cells}),
        tools=plain_tools(cells.get("tools")),
        response_schema=schema_of(cells.get("response_format")),
        usage={name: first_count(cells, name) for name in ("input_tokens", "output_tokens", "cached_tokens")},
        cost_usd=first_amount(cells, "cost_usd"),
        started_at=seconds(cells.get("timestamp")),
        latency_ms=first_amount(cells, "latency_ms"),
        answer=read_answer(cells["answer"]) if "answer" in cells else None,
        error=cells.get("error"),
        error_type=cells.get("error"),
    )


def _text_message(text: str | None) -> list[dict[str, Any]]:
    """A column of texts holds texts, whatever they look like."""
    return [{"role": "user", "content": text}] if text else []


def _check_columns(mapping: ImportMap) -> None:
    unknown = sorted(set(mapping.csv) - set(COLUMNS))
    if unknown:
        raise ForeignLogError(f"[csv] unknown key '{unknown[0]}'; known are {', '.join(COLUMNS)}")
    if "model" not in mapping.csv or not {"text", "messages"} & set(mapping.csv):
        raise ForeignLogError('CSV needs --map with [csv] text = "COLUMN" (or messages) and model = "COLUMN"')


def _check_header(path: Path, header: Any, mapping: ImportMap) -> None:
    missing = sorted(column for column in mapping.csv.values() if column not in header)
    if missing:
        raise ForeignLogError(f"{path} has no column '{missing[0]}'; its columns are {', '.join(header)}")
