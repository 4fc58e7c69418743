"""One field of a foreign record at a time: the value as it should be, or a refusal that names the field and the fix."""

import math
from collections.abc import Mapping
from typing import Any

from tierwise.data.errors import RecordError
from tierwise.data.foreign.json_text import whole_text
from tierwise.data.foreign.limits import MAX_MESSAGES, MAX_NUMBER, MAX_TOKENS


def mapping(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecordError(where, f"is {shown(raw)}; a JSON object is needed")
    return raw


def sequence(raw: object, where: str, most: int = MAX_MESSAGES) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list | tuple):
        raise RecordError(where, f"is {shown(raw)}; a JSON array is needed")
    if len(raw) > most:
        raise RecordError(where, f"has {len(raw)} entries; at most {most} are taken")
    return list(raw)


def text(raw: object, where: str) -> str | None:
    if raw is not None and not isinstance(raw, str):
        raise RecordError(where, f"is {shown(raw)}; a string or null is needed")
    return None if raw is None else encodable(raw)


def encodable(text: str) -> str:
    return whole_text(text)


def flag(raw: object, where: str) -> bool | None:
    if raw is not None and not isinstance(raw, bool):
        raise RecordError(where, f"is {shown(raw)}; true, false or null is needed")
    return raw


def number(raw: object, where: str) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise RecordError(where, f"is {shown(raw)}; a number or null is needed")
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise RecordError(where, f"is {shown(raw)}; a finite number or null is needed")
    if abs(value) > MAX_NUMBER:
        raise RecordError(where, f"is {shown(raw)}; at most {MAX_NUMBER:g} is taken")
    return value


def amount(raw: object, where: str, most: float = MAX_NUMBER) -> float | None:
    value = number(raw, where)
    if value is not None and value < 0:
        raise RecordError(where, f"is {value:g}; it cannot be below 0")
    if value is not None and value > most:
        raise RecordError(where, f"is {shown(raw)}; at most {most:g} is taken")
    return value


def count(raw: object, where: str) -> int | None:
    value = amount(raw, where)
    if value is None:
        return None
    if value != int(value) or value > MAX_TOKENS:
        raise RecordError(where, f"is {shown(raw)}; a whole number is needed")
    return int(value)


def extra(record: Mapping[str, Any], known: frozenset[str]) -> Mapping[str, Any]:
    return {} if record.keys() <= known else {key: value for key, value in record.items() if key not in known}


def shown(raw: object) -> str:
    if isinstance(raw, int) and abs(raw) > 10**1_000:  # Python writes out no more than 4,300 digits
        return "a number of more than 1,000 digits"
    found = repr(raw[:80] if isinstance(raw, str | list) else raw)
    return found if len(found) <= 60 else f"{found[:57]}..."
