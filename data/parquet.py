"""Step logs as Parquet: the nesting of the JSON form, with free-form objects (schemas, extras) as JSON text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, get_args, get_origin

from tierwise.data.declared import declared, kinds_of, names_of
from tierwise.data.errors import LogError, MissingExtraError
from tierwise.data.records import (
    Attempt,
    EarlierStep,
    LoggedDecision,
    LoggedStep,
    Logprobs,
    Message,
    Step,
    Tool,
    ToolCall,
)

_BATCH_ROWS = 5_000
_TEXT_COLUMNS = ("step_id", "task_id", "session_id", "timestamp", "group")
_ARROW = {str: "string", float: "float64", int: "int64", bool: "bool_", Mapping[str, Any]: "string"}
_EXTRA = "extra_json"


def write_parquet_rows(
    target: Path | BinaryIO, rows: Iterable[dict[str, Any]], metadata: Mapping[str, str] | None = None
) -> int:
    """Writes step-log rows in batches of bounded memory; returns their number. The file carries ``metadata``."""
    pyarrow, parquet = _pyarrow()
    schema = _schema(pyarrow).with_metadata(metadata)
    n_rows = 0
    source = iter(rows)
    with parquet.ParquetWriter(target, schema, compression="zstd") as writer:
        while batch := [_packed(row) for row in islice(source, _BATCH_ROWS)]:
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))
            n_rows += len(batch)
    return n_rows


def read_parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Streams rows in the JSON form. Foreign files are read too: any column of the same nesting counts."""
    pyarrow, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=_BATCH_ROWS):
                yield from (_unpacked(row) for row in batch.to_pylist())
    except (OSError, pyarrow.ArrowException) as error:
        raise LogError(f"{path}: {error}") from None


def parquet_metadata(file: BinaryIO) -> dict[str, str]:
    """What a file carries beside its rows. Raises ``LogError`` for one that is not Parquet."""
    pyarrow, parquet = _pyarrow()
    try:
        with parquet.ParquetFile(file) as opened:
            found = opened.schema_arrow.metadata or {}
    except pyarrow.ArrowException as error:
        raise LogError(f"a file that is no Parquet is in the way: {error}") from None
    return {key.decode(): value.decode() for key, value in found.items()}


def _pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("pyarrow", "train") from None
    return pyarrow, pyarrow.parquet


def _schema(pyarrow: Any) -> Any:
    text = pyarrow.string()

    def struct(members: Mapping[str, Any]) -> Any:
        return pyarrow.struct([*members.items(), (_EXTRA, text)])

    def texts(item: type) -> Any:
        return pyarrow.list_(struct(dict.fromkeys(names_of(item), text)))

    logprobs = pyarrow.struct([("mean", pyarrow.float64()), ("min", pyarrow.float64()), ("n", pyarrow.int64())])
    nested = {tuple[item, ...]: texts(item) for item in _JSON_OF_ITEM} | {Logprobs: logprobs}  # type: ignore[valid-type]
    typed = {name: getattr(pyarrow, _ARROW[kind])() for name, kind in kinds_of(EarlierStep).items()}
    nested[tuple[EarlierStep, ...]] = pyarrow.list_(struct(typed))

    def record(kind: type) -> Any:
        plain = {field.name: getattr(pyarrow, _ARROW[field.kind])() for field in declared(kind) if field.kind in _ARROW}
        return struct(plain | {field.name: nested[field.kind] for field in declared(kind) if field.name not in plain})

    records = [
        ("step", record(Step)),
        ("attempts", pyarrow.list_(record(Attempt))),
        ("decision", record(LoggedDecision)),
    ]
    return pyarrow.schema([*((name, text) for name in _TEXT_COLUMNS), *records, (_EXTRA, text)])


def _packed(row: dict[str, Any]) -> dict[str, Any]:
    packed = _fold(row, _KNOWN[LoggedStep])
    packed["step"] = _packed_record(row["step"], Step)
    packed["attempts"] = [_packed_record(attempt, Attempt) for attempt in row["attempts"]]
    if row.get("decision") is not None:
        packed["decision"] = _packed_record(row["decision"], LoggedDecision)
    return packed


def _packed_record(raw: dict[str, Any], kind: type) -> dict[str, Any]:
    packed = _fold(raw, _KNOWN[kind])
    for name in _OBJECTS[kind]:
        if packed.get(name) is not None:
            packed[name] = json.dumps(packed[name])
    for name, item in _ITEMS[kind].items():
        if packed.get(name) is not None:
            packed[name] = [_packed_item(each, item) for each in packed[name]]
        elif name in _NEVER_NULL:
            packed[name] = []
    return packed


def _packed_item(raw: dict[str, Any], kind: type) -> dict[str, Any]:
    packed = _fold(raw, _KNOWN[kind])
    name = _JSON_OF_ITEM[kind]
    return packed if name is None else packed | {name: json.dumps(raw.get(name, {}))}


def _fold(mapping: dict[str, Any], known: frozenset[str]) -> dict[str, Any]:
    """Moves the fields outside ``known`` into one JSON text."""
    extra = {key: value for key, value in mapping.items() if key not in known}
    kept = {key: value for key, value in mapping.items() if key in known}
    return kept | ({_EXTRA: json.dumps(extra, default=str)} if extra else {})


def _unpacked(row: dict[str, Any]) -> dict[str, Any]:
    row = _unfold(row)
    for name, kind in (("step", Step), ("decision", LoggedDecision)):
        if isinstance(row.get(name), dict):
            row[name] = _unpacked_record(_unfold(row[name]), kind)
    _unfold_items(row, "attempts")
    row["attempts"] = [_unpacked_record(each, Attempt) if isinstance(each, dict) else each for each in row["attempts"]]
    if row.get("timestamp") is not None and not isinstance(row["timestamp"], str | int | float):
        row["timestamp"] = row["timestamp"].isoformat()  # a foreign file with a real timestamp column
    return row


def _unpacked_record(record: dict[str, Any], kind: type) -> dict[str, Any]:
    for name in _OBJECTS[kind]:
        _load_json(record, name)
    for name, item in _ITEMS[kind].items():
        if record.get(name) is None:
            continue
        _unfold_items(record, name)
        for each in record[name]:
            if isinstance(each, dict) and (inside := _JSON_OF_ITEM[item]) is not None:
                _load_json(each, inside)
    return record


def _unfold(mapping: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in mapping.items() if value is not None}
    _load_json(kept, _EXTRA)
    if isinstance(kept.get(_EXTRA), dict):
        kept |= kept.pop(_EXTRA)
    return kept


def _unfold_items(mapping: dict[str, Any], key: str) -> None:
    """Items that are no structs stay as they are, for the parser to refuse."""
    items = mapping.get(key) or ()
    mapping[key] = [_unfold(item) if isinstance(item, dict) else item for item in items]


def _load_json(mapping: dict[str, Any], key: str) -> None:
    """Text that is not JSON stays as it is; the parser refuses it, with the number of its row."""
    if isinstance(mapping.get(key), str):
        with suppress(ValueError, RecursionError):
            mapping[key] = json.loads(mapping[key])


_JSON_OF_ITEM: dict[type, str | None] = {Message: None, Tool: "parameters", ToolCall: "arguments", EarlierStep: None}
_KNOWN: dict[type, frozenset[str]] = {
    kind: frozenset(names_of(kind)) for kind in (LoggedStep, Step, Attempt, LoggedDecision, *_JSON_OF_ITEM)
}
_OBJECTS: dict[type, list[str]] = {
    kind: [field.name for field in declared(kind) if field.kind == Mapping[str, Any]]
    for kind in (Step, Attempt, LoggedDecision)
}
_ITEMS: dict[type, dict[str, type]] = {
    kind: {field.name: get_args(field.kind)[0] for field in declared(kind) if get_origin(field.kind) is tuple}
    for kind in (Step, Attempt, LoggedDecision)
}
_NEVER_NULL = {field.name for field in declared(Step) if field.default == ()}
