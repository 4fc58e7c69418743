"""The columns that the declarations of decisions, steps and attempts ask for, and their values.

A decision's field that asks for no column of its own is kept in ``details``, so that it needs no migration. Steps and
attempts are kept whole, as JSON; fields of theirs with a column stand there a second time, in narrow columns beside it,
for views that filter and group without reading the whole.
"""

from collections.abc import Mapping
from operator import attrgetter
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Double, Text
from sqlalchemy.types import TypeEngine

from tierwise.data.decision_log.texts import storable, storable_key
from tierwise.data.declared import Declared, declared
from tierwise.data.records import Attempt, Decision, LoggedDecision, Reason, Step

DETAILS = "details"
_TYPES: dict[Any, type[TypeEngine[Any]]] = {
    str: Text,
    float: Double,
    int: BigInteger,
    bool: Boolean,
    Mapping[str, float]: JSON,
    Mapping[str, Any]: JSON,
}
_LOGGED = tuple(field for field in declared(Decision) if field.spec.is_logged)
_OWN = tuple(field for field in _LOGGED if field.spec.column)
_DETAILS = tuple(field for field in _LOGGED if not field.spec.column)
_REASONS = tuple(field.name for field in _OWN if field.kind is Reason)
_MAPPINGS = tuple(field.name for field in _OWN if _TYPES.get(field.kind) is JSON)
_PLAIN = tuple(field.name for field in _OWN if field.name not in _REASONS + _MAPPINGS)
_PLAIN_VALUES = attrgetter(*_PLAIN)
_NARROW = {kind: tuple(field for field in declared(kind) if field.spec.column) for kind in (Step, Attempt)}


def decision_columns() -> list[Column[Any]]:
    """Those of the decision, and ``details``."""
    columns = []
    for field in _OWN:
        if field.kind is Reason:
            columns += [Column(f"{field.name}_{part}", Text, nullable=False) for part in ("code", "text")]
        else:
            columns.append(_column(field, is_nullable=field.is_optional))
    return [*columns, Column(DETAILS, JSON)]


def narrow_columns(kind: type[Step | Attempt]) -> list[Column[Any]]:
    """Those of a step or of an attempt."""
    return [_column(field, is_nullable=not field.is_required) for field in _NARROW[kind]]


def decision_values(decision: Decision) -> dict[str, Any]:
    """The values of ``decision_columns``."""
    values: dict[str, Any] = dict(zip(_PLAIN, _PLAIN_VALUES(decision), strict=True))
    for name in _MAPPINGS:
        values[name] = dict(getattr(decision, name))
    for name in _REASONS:
        reason = getattr(decision, name)
        values[f"{name}_code"], values[f"{name}_text"] = reason.code, storable(reason.text)
    values["arm"] = decision.arm or decision.policy
    values[DETAILS] = {field.name: getattr(decision, field.name) for field in _DETAILS} if _DETAILS else None
    return values


def narrow_values(record: Step | Attempt) -> dict[str, Any]:
    """The values of ``narrow_columns``; texts are keys there, bounded in length."""
    values = {}
    for field in _NARROW[type(record)]:
        value = getattr(record, field.name)
        values[field.name] = storable_key(value) if type(value) is str else value
    return values


def stored_decision(row: Any) -> Decision:
    """The decision of a row."""
    values = {field.name: _value(row, field) for field in _OWN}
    return Decision(**values, **_details(row))


def exported_values(row: Any) -> dict[str, Any]:
    """What a line of the step log says of a decision beside the fields of ``LoggedDecision``, by the API's names."""
    values: dict[str, Any] = {}
    for field in _OWN:
        if field.kind is Reason:
            values |= {f"{field.name}_{part}": getattr(row, f"{field.name}_{part}") for part in ("code", "text")}
        elif field.name not in _IN_LOG:
            values[field.wire] = getattr(row, field.name)
    wire = {field.name: field.wire for field in _DETAILS}
    return values | {wire[name]: value for name, value in _details(row).items()}


def _details(row: Any) -> dict[str, Any]:
    """What an older or a newer version kept there that this one does not know is left out."""
    kept = row.details or {}
    return {field.name: kept[field.name] for field in _DETAILS if field.name in kept}


def _column(field: Declared, is_nullable: bool) -> Column[Any]:
    return Column(field.name, _TYPES[field.kind], nullable=is_nullable)


def _value(row: Any, field: Declared) -> Any:
    if field.kind is Reason:
        return Reason(getattr(row, f"{field.name}_code"), getattr(row, f"{field.name}_text"))
    return getattr(row, field.name)


_IN_LOG = frozenset(field.name for field in declared(LoggedDecision))
