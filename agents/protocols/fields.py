"""Fields of foreign bodies: read with their place, so that what is wrong or cannot be said elsewhere is named."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.errors import RecordError


class Untranslatable(RecordError):  # noqa: N818 - it names a field, as its base does
    """Something that the other protocol has no word for. The caller's own protocol may well do it."""


def cannot_say(field: str, protocol: str, what: str = "") -> Untranslatable:
    """``field`` has no counterpart in ``protocol``."""
    return Untranslatable(field, f"{what + ' ' if what else ''}cannot be said to a model that speaks only '{protocol}'")


def mapping(raw: object, where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise RecordError(where, f"is {raw!r:.60}; a JSON object is needed")
    return raw


def items(raw: object, where: str) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise RecordError(where, f"is {raw!r:.60}; a JSON array is needed")
    return raw


def word(raw: object) -> str:
    """A text to be looked up; "" for whatever is none, which may be nothing that can be looked up at all."""
    return raw if isinstance(raw, str) else ""


def text(raw: object, where: str) -> str:
    if not isinstance(raw, str):
        raise RecordError(where, f"is {raw!r:.60}; a text is needed")
    return raw


def optional_text(raw: object, where: str) -> str | None:
    return None if raw is None else text(raw, where)


def optional_number(raw: object, where: str) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise RecordError(where, f"is {raw!r:.60}; a number is needed")
    return raw


def optional_count(raw: object, where: str) -> int | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int) or raw < 0:
        raise RecordError(where, f"is {raw!r:.60}; a whole number is needed")
    return raw


def optional_flag(raw: object, where: str) -> bool | None:
    if raw is not None and not isinstance(raw, bool):
        raise RecordError(where, f"is {raw!r:.60}; true or false is needed")
    return raw


def refuse_unsaid(
    body: Mapping[str, Any], known: frozenset[str], harmless: frozenset[str], protocol: str, where: str = ""
) -> None:
    """Raises ``Untranslatable`` for a field with a value that is neither ``known`` nor ``harmless`` to leave out."""
    for name, value in body.items():
        if name not in known and name not in harmless and value not in (None, False, [], {}, ""):
            raise cannot_say(f"{where}{name}", protocol)


def known_only(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` without those that are None."""
    return {name: value for name, value in values.items() if value is not None}
