"""Step logs as Parquet: the nesting of the JSON form, with free-form objects (schemas, extras) as JSON text."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from tierwise.data.errors import LogError, MissingExtraError

_BATCH_ROWS = 5_000
_ATTEMPT_FIELDS = {
    "tier": "string", "model": "string", "success": "bool_", "score": "float64", "input_tokens": "int64",
    "output_tokens": "int64", "cached_tokens": "int64", "cost_usd": "float64", "cost_is_estimate": "bool_",
    "latency_ms": "float64", "evaluator": "string", "error": "string", "simulated": "bool_",
    "output": "string", "answer_key": "string", "finish_reason": "string",
}  # fmt: skip
_STEP_FIELDS = {
    "text": "string", "task_type": "string", "response_schema": "string", "input_complexity": "float64",
    "requires_judgment": "bool_", "human_visible": "bool_", "input_tokens": "int64", "step_index": "int64",
    "retry": "int64", "previous_error": "string", "agent": "string", "node": "string",
}  # fmt: skip
_DECISION_FIELDS = {
    "decision_id": "string", "tier": "string", "policy": "string", "arm": "string", "propensity": "float64",
}  # fmt: skip
_MESSAGE_FIELDS = {"role", "content"}
_TOOL_FIELDS = {"name", "description", "parameters"}
_CALL_FIELDS = {"name", "arguments"}
_NESTED_ATTEMPT_FIELDS = {"tool_calls", "logprobs"}
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
    def struct(types: dict[str, str], **nested: Any) -> Any:
        members = [(name, getattr(pyarrow, kind)()) for name, kind in types.items()]
        return pyarrow.struct([*members, *nested.items(), (_EXTRA, pyarrow.string())])

    text = pyarrow.string()
    message = pyarrow.struct([("role", text), ("content", text), (_EXTRA, text)])
    tool = pyarrow.struct([("name", text), ("description", text), ("parameters", text), (_EXTRA, text)])
    step = struct(_STEP_FIELDS, messages=pyarrow.list_(message), tools=pyarrow.list_(tool))
    call = pyarrow.struct([("name", text), ("arguments", text), (_EXTRA, text)])
    logprobs = pyarrow.struct([("mean", pyarrow.float64()), ("min", pyarrow.float64()), ("n", pyarrow.int64())])
    attempt = struct(_ATTEMPT_FIELDS, tool_calls=pyarrow.list_(call), logprobs=logprobs)
    columns = [(name, text) for name in ("step_id", "task_id", "session_id", "timestamp", "group")]
    nested = [
        ("step", step),
        ("attempts", pyarrow.list_(attempt)),
        ("decision", struct(_DECISION_FIELDS)),
        (_EXTRA, text),
    ]
    return pyarrow.schema([*columns, *nested])


def _packed(row: dict[str, Any]) -> dict[str, Any]:
    step = _fold(row["step"], {*_STEP_FIELDS, "messages", "tools"})
    if step.get("response_schema") is not None:
        step["response_schema"] = json.dumps(step["response_schema"])
    step["messages"] = [_fold(message, _MESSAGE_FIELDS) for message in step.get("messages", ())]
    step["tools"] = [
        _fold(tool, _TOOL_FIELDS) | {"parameters": json.dumps(tool.get("parameters", {}))}
        for tool in step.get("tools", ())
    ]
    known = {"step_id", "task_id", "session_id", "timestamp", "group", "step", "attempts", "decision"}
    packed = _fold(row, known) | {"step": step}
    packed["attempts"] = [_packed_attempt(attempt) for attempt in row["attempts"]]
    if row.get("decision") is not None:
        packed["decision"] = _fold(row["decision"], set(_DECISION_FIELDS))
    return packed


def _packed_attempt(attempt: dict[str, Any]) -> dict[str, Any]:
    packed = _fold(attempt, {*_ATTEMPT_FIELDS, *_NESTED_ATTEMPT_FIELDS})
    if packed.get("tool_calls") is not None:
        packed["tool_calls"] = [
            _fold(call, _CALL_FIELDS) | {"arguments": json.dumps(call["arguments"])} for call in packed["tool_calls"]
        ]
    return packed


def _fold(mapping: dict[str, Any], known: set[str]) -> dict[str, Any]:
    """Moves the fields outside ``known`` into one JSON text."""
    extra = {key: value for key, value in mapping.items() if key not in known}
    kept = {key: value for key, value in mapping.items() if key in known}
    return kept | ({_EXTRA: json.dumps(extra, default=str)} if extra else {})


def _unpacked(row: dict[str, Any]) -> dict[str, Any]:
    row = _unfold(row)
    step = row.get("step")
    if isinstance(step, dict):
        step = row["step"] = _unfold(step)
        _load_json(step, "response_schema")
        _unfold_items(step, "messages")
        _unfold_items(step, "tools")
        for tool in step["tools"]:
            if isinstance(tool, dict):
                _load_json(tool, "parameters")
    _unfold_items(row, "attempts")
    for attempt in row["attempts"]:
        if isinstance(attempt, dict) and isinstance(attempt.get("tool_calls"), list):
            _unfold_items(attempt, "tool_calls")
            for call in attempt["tool_calls"]:
                if isinstance(call, dict):
                    _load_json(call, "arguments")
    if isinstance(row.get("decision"), dict):
        row["decision"] = _unfold(row["decision"])
    if row.get("timestamp") is not None and not isinstance(row["timestamp"], str | int | float):
        row["timestamp"] = row["timestamp"].isoformat()  # a foreign file with a real timestamp column
    return row


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
