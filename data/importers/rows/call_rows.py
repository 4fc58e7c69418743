"""Logs of which each row is one call, or a frame around some: what they have in common, whatever their words.

A dialect says where a row keeps things (:mod:`tierwise.data.importers.rows.row_dialects`). Rows of other dialects
are none of its business; a file without a single row of the dialect says what was looked for.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tierwise.data.importers.errors import UNREADABLE, why
from tierwise.data.importers.mapping import ImportMap, look_up
from tierwise.data.importers.reading.call import FoundCall, seconds
from tierwise.data.importers.reading.identity import Identities
from tierwise.data.importers.reading.json_source import Numbered, guarded, read_json_objects
from tierwise.data.importers.reading.records import Frame, Record, Signal, Skipped
from tierwise.data.importers.reading.requests import read_request
from tierwise.data.importers.reading.schemas import plain_tools, requested_schema
from tierwise.data.replies.answers import read_answer
from tierwise.data.replies.counts import amount
from tierwise.data.replies.errors import find_error
from tierwise.data.replies.json_text import decoded
from tierwise.data.replies.usage import Usage, read_usage
from tierwise.data.step_log import Malformed

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDialect:
    """Where a row keeps what: paths with dots, the first one that holds something counts.

    ``fits`` tells rows of the dialect, ``is_call`` those that are calls; the others are frames where they have an id,
    and skipped where ``is_call`` gives the reason as a text. ``usage`` names counts by our words, or is paths
    of a usage object under ``""``. ``verdicts`` gives names and values of what people and judges said. ``refined`` may
    change a call in ways that no path tells.
    """

    name: str
    looked_for: str
    fits: Callable[[Row], bool]
    is_call: Callable[[Row], bool | str]
    prompt: tuple[str, ...]
    answer: tuple[str, ...]
    model: tuple[str, ...]
    usage: Mapping[str, tuple[str, ...]]
    containers: tuple[str, ...] = ()
    rows_in: Callable[[Row], Iterator[Row]] = lambda row: iter((row,))
    settings: tuple[str, ...] = ()
    cost_usd: Callable[[Row], float | None] = lambda _: None
    row_id: tuple[str, ...] = ("id",)
    trace_id: tuple[str, ...] = ()
    parent_id: tuple[str, ...] = ()
    started_at: tuple[str, ...] = ()
    ended_at: tuple[str, ...] = ()
    latency_ms: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    error_type: tuple[str, ...] = ()
    is_agent: Callable[[Row], bool] = lambda _: False
    is_cache_hit: Callable[[Row], bool] = lambda _: False
    frame_name: tuple[str, ...] = ("name",)
    verdicts: Callable[[Row], Iterator[tuple[str, object]]] = lambda _: iter(())
    refined: Callable[[Row, FoundCall], FoundCall] = lambda _, call: call
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def reader_of(dialect: RowDialect) -> Callable[[Sequence[Path], ImportMap], Iterator[Record]]:
    """A reader of files in the dialect."""

    def read(paths: Sequence[Path], mapping: ImportMap) -> Iterator[Record]:
        identities = Identities()
        for path in paths:
            for record in read_json_objects(path, dialect.containers):
                if isinstance(record, Malformed):
                    yield record
                    continue
                try:
                    rows = [row for row in dialect.rows_in(record.value) if dialect.fits(row)]
                except UNREADABLE as error:
                    yield record.malformed(why(error))
                    continue
                if not rows:
                    yield record.malformed(f"is no record of {dialect.name}: {dialect.looked_for} was looked for")
                for row in rows:
                    alone = Numbered(record.path, record.number, row)
                    yield from guarded(alone, _records(dialect, row, mapping, identities))

    return read


def first(row: Row, paths: Sequence[str]) -> Any:
    """What the first of the paths holds; None where none holds anything."""
    return next((found for path in paths if (found := look_up(row, path)) not in (None, "", [], {})), None)


def amount_at(*paths: str) -> Callable[[Row], float | None]:
    """The amount that the first of the paths holds."""
    return lambda row: amount(first(row, paths))


def _records(dialect: RowDialect, row: Row, mapping: ImportMap, identities: Identities) -> Iterator[Record]:
    row_id = _id(first(row, dialect.row_id)) or identities.of(row)
    what = dialect.is_call(row)
    is_root = _id(first(row, dialect.parent_id)) is None
    trace_id = _id(first(row, dialect.trace_id))
    if what is True:
        yield dialect.refined(row, _call(dialect, row, row_id, mapping)).checked()
    elif isinstance(what, str):
        yield Skipped(what)
    if what is not True:
        name = str(first(row, dialect.frame_name) or "")
        yield Frame(row_id, name, _id(first(row, dialect.parent_id)), dialect.is_agent(row))
    for name, value in dialect.verdicts(row):
        about_task = what is not True and is_root and trace_id is not None
        subject = trace_id if about_task and trace_id is not None else row_id
        if isinstance(value, bool | int | float | str) and value != "":
            yield Signal(name, value, subject, is_about_task=about_task)


def _call(dialect: RowDialect, row: Row, row_id: str, mapping: ImportMap) -> FoundCall:
    raw = next((decoded(found) for path in dialect.prompt if (found := look_up(row, path)) and _holds(found)), None)
    asked = read_request(raw)
    settings = decoded(first(row, dialect.settings))
    whole = {**(settings if isinstance(settings, Mapping) else {}), **(raw if isinstance(raw, Mapping) else {})}
    answer = decoded(first(row, dialect.answer))
    told = first(row, dialect.error)
    told = told if told is not None or not isinstance(answer, Mapping) else find_error(answer)
    labels = mapping.labels(row)
    named = {name: _id(first(row, paths)) for name, paths in dialect.labels.items()}
    return FoundCall(
        source_id=row_id,
        messages=asked.messages,
        model=first(row, dialect.model),
        labels=replace(labels, **{name: value for name, value in named.items() if value and not getattr(labels, name)}),
        tools=plain_tools(whole.get("tools") or whole.get("functions")),
        response_schema=requested_schema(whole),
        usage=_usage(dialect, row),
        cost_usd=dialect.cost_usd(row),
        started_at=seconds(first(row, dialect.started_at)),
        ended_at=seconds(first(row, dialect.ended_at)),
        latency_ms=amount(first(row, dialect.latency_ms)),
        trace_id=_id(first(row, dialect.trace_id)),
        parent_id=_id(first(row, dialect.parent_id)),
        answer=None if told is not None else read_answer(answer),
        error=None if told is None else _error(told),
        error_type=_text(first(row, dialect.error_type)),
        asked=[raw, {key: whole[key] for key in _ASKED if key in whole}],
        problem=asked.problem or _problem(dialect, row),
        is_cache_hit=dialect.is_cache_hit(row),
        model_at=" or ".join(dialect.model),
    )


_ASKED = ("tools", "functions", "response_format", "text", "system", "tool_choice")


def _holds(found: object) -> bool:
    return bool(read_request(found).messages)


def _problem(dialect: RowDialect, row: Row) -> str:
    """Which fields were looked for, and which one is there."""
    there = [path for path in dialect.prompt if look_up(row, path)]
    if there:
        return f"{there[0]} is there and holds no messages that are known"
    words = ("input", "prompt", "messages", "request")
    alike = sorted(key for key in row if any(word in key.lower() for word in words))
    found = f"; {alike[0]} is there" if alike else ""
    return f"none of {', '.join(dialect.prompt)} is there{found}"


def _usage(dialect: RowDialect, row: Row) -> Usage:
    whole = dialect.usage.get("")
    if whole is not None:
        found = next((usage for path in whole if (usage := read_usage(decoded(look_up(row, path)))).is_known), None)
        if found is not None:
            return found
    return read_usage({ours: first(row, paths) for ours, paths in dialect.usage.items() if ours})


def _error(told: object) -> str:
    if isinstance(told, Mapping):
        return str(told.get("message") or told.get("exception_type") or "error")
    message = getattr(told, "message", None)
    return str(message or getattr(told, "code", None) or told)[:2_000]


def _text(raw: object) -> str | None:
    return raw if isinstance(raw, str) and raw else None


def _id(raw: object) -> str | None:
    if isinstance(raw, list):
        raw = raw[0] if raw else None
    return str(raw) if isinstance(raw, str | int) and not isinstance(raw, bool) and raw != "" else None
