"""A decision as the API tells it, and as a service or a caller sends it back: by the wire names of its declaration."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from tierwise.data.declared import Declared, declared
from tierwise.data.errors import RecordError
from tierwise.data.fields import count, flag, mapping, number, shown, text
from tierwise.data.records import Decision, Reason

_PUBLIC = tuple(field for field in declared(Decision) if field.spec.is_public and field.spec.asked_by is None)
_WIRE = tuple(field.wire for field in _PUBLIC)
_VALUES = attrgetter(*(field.name for field in _PUBLIC))
_MAPPINGS = tuple(field.wire for field in _PUBLIC if field.kind == Mapping[str, float])


def told_decision(decision: Decision) -> dict[str, Any]:
    """What the API tells of every decision."""
    told = dict(zip(_WIRE, _VALUES(decision), strict=True))
    for name in _MAPPINGS:
        told[name] = dict(told[name])  # the caller's own: decisions are kept and told again
    told["arm"] = decision.arm or decision.policy
    told["reason"] = {"code": decision.reason.code, "text": decision.reason.text}
    return told


def told_if_asked(decision: Decision, options: object) -> dict[str, Any]:
    """What is told only where the options ask for it, but for the course, which needs a word more."""
    asked = [field for field in _ASKED if getattr(options, field.spec.asked_by or "")]
    return {field.wire: _COPIES[field.kind](getattr(decision, field.name)) for field in asked}


def decision_fields(told: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a decision that were told, by their names in ``Decision``; what is null or missing is left out.

    Raises ``RecordError`` naming a field of the wrong type.
    """
    return {
        field.name: _READERS[field.kind](value, field.wire)
        for field in _PUBLIC
        if (value := told.get(field.wire)) is not None
    }


def asked_fields(told: Mapping[str, Any]) -> dict[str, Any]:
    """The same for what was asked for; what is none says nothing against the decision, and is left out."""
    return {
        field.name: dict(value) if isinstance(value, dict) else tuple(map(str, value))
        for field in _ASKED
        if isinstance(value := told.get(field.wire), dict if field.kind == Mapping[str, Any] else list)
    }


def _numbers(raw: object, where: str) -> dict[str, float]:
    found = {str(name): number(value, where) for name, value in mapping(raw, where).items()}
    if None in found.values():
        raise RecordError(where, f"is {shown(raw)}; a number for each tier is needed")
    return {name: value for name, value in found.items() if value is not None}


def _reason(raw: object, where: str) -> Reason:
    given = mapping(raw, where)
    code, said = (text(given.get(name), f"{where}.{name}") for name in ("code", "text"))
    return Reason(code or "", said or "")


_READERS: dict[Any, Callable[[Any, str], Any]] = {
    str: text,
    float: number,
    int: count,
    bool: flag,
    Mapping[str, float]: _numbers,
    Mapping[str, Any]: lambda raw, where: dict(mapping(raw, where)),
    Reason: _reason,
}
_COPIES: dict[Any, Callable[[Any], Any]] = {Sequence[str]: lambda raw: list(map(str, raw)), Mapping[str, Any]: dict}
_ASKED: tuple[Declared, ...] = tuple(
    field for field in declared(Decision) if field.spec.asked_by is not None and field.kind in _COPIES
)
