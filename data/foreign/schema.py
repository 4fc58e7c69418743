"""JSON schemas of others held against values of others, with bounded work.

A schema is a program. Nested references double the work at each level, a regular expression can run for ever, and a
subschema with a ``$schema`` of its own is read with whatever validator that names. So every keyword pays from a meter,
patterns go to RE2, and the validator stays the one that was chosen for the root.
"""

import importlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tierwise.data.errors import MissingExtraError
from tierwise.data.foreign.errors import UncheckableError, WrongSchemaError
from tierwise.data.foreign.limits import MAX_SCHEMA_VALUES
from tierwise.data.foreign.meter import Meter, current_meter, metered
from tierwise.data.foreign.patterns import found_in
from tierwise.data.foreign.shape import check_shape

_MAX_MESSAGE_CHARS = 200
_MAX_MISFITS = 100
_CHARS_PER_STEP = 200
_LISTS = frozenset({"enum", "required"})  # keywords that look at every entry of their own value

Keyword = Callable[[Any, Any, Any, Any], Iterator[Any]]


@dataclass(frozen=True, slots=True)
class Misfit:
    """One thing that a schema has against a value. ``message`` quotes the value, the other fields do not."""

    keyword: str
    path: str
    depth: int
    message: str


def misfits(schema: Mapping[str, Any], value: object, n_most: int = _MAX_MISFITS) -> list[Misfit]:
    """What ``schema`` has against ``value``; empty when it fits. References lead nowhere outside the schema.

    Raises ``UncheckableError`` when that cannot be told within the allowed work, and ``MissingExtraError`` without
    jsonschema. Takes up to 0.15 s of processor time: not for an event loop.
    """
    return _misfits(_validator_class(schema.get("$schema")), schema, value, n_most)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises ``WrongSchemaError`` for a schema that is none, ``UncheckableError`` for one that is too large to look at,
    ``MissingExtraError`` without jsonschema."""
    kind = _validator_class(schema.get("$schema"))
    found = _misfits(kind, kind.META_SCHEMA, dict(schema), 1)
    if found:
        raise WrongSchemaError(f"the JSON schema is wrong at {found[0].path}: {found[0].message}")


def _misfits(kind: Any, schema: Mapping[str, Any], value: object, n_most: int) -> list[Misfit]:
    from referencing import Registry

    found: list[Misfit] = []
    with metered(Meter()) as meter:
        try:
            check_shape(schema, MAX_SCHEMA_VALUES)
            check_shape(value)
            for error in kind(dict(schema), registry=Registry()).iter_errors(value):
                meter.spend()
                message = error.message[:_MAX_MESSAGE_CHARS]
                found.append(Misfit(str(error.validator), error.json_path, len(error.absolute_path), message))
                if len(found) == n_most:
                    break
        except UncheckableError:
            raise
        except Exception as error:  # schemas are wrong in many ways, and references lead nowhere
            raise UncheckableError(f"the schema cannot be applied: {type(error).__name__}") from None
    return found


@lru_cache(maxsize=32)
def _validator_class_of(dialect: str) -> Any:
    """The validator of a dialect with every keyword on the meter."""
    from jsonschema import Draft202012Validator, validators

    plain = validators.validator_for({"$schema": dialect}, default=Draft202012Validator)
    own: dict[str, Keyword] = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    known = {name: own.get(name, keyword) for name, keyword in plain.VALIDATORS.items()}
    bounded = validators.extend(plain, {name: _on_the_meter(name, keyword) for name, keyword in known.items()})
    bounded.evolve = _evolved
    return bounded


def _validator_class(dialect: object) -> Any:
    try:
        importlib.import_module("jsonschema")
        return _validator_class_of(dialect if isinstance(dialect, str) else "")
    except ImportError:
        raise MissingExtraError("jsonschema", "agents") from None


def _evolved(self: Any, **changes: Any) -> Any:
    """The validator of a subschema: always of the same kind, whatever ``$schema`` the subschema names."""
    current_meter().spend()
    kept = {"registry": self._registry, "_resolver": self._resolver, "format_checker": None}
    return type(self)(**{"schema": self.schema, **kept, **changes})


def _on_the_meter(name: str, keyword: Keyword) -> Keyword:
    def paid(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        meter = current_meter()
        meter.spend(1 + (len(value) if name in _LISTS else 0) + _size(instance) // _CHARS_PER_STEP)
        if "unevaluatedProperties" in schema and "patternProperties" in schema:
            raise UncheckableError("patternProperties beside unevaluatedProperties are not checked")
        for error in keyword(validator, value, instance, schema) or ():
            meter.spend(1)
            yield error

    return paid


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | Sequence | Mapping) else 0


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:
    del schema
    if validator.is_type(instance, "string") and not found_in(pattern, instance):
        yield _error(f"a text does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
    del schema
    if not validator.is_type(instance, "object"):
        return
    for pattern, subschema in patterns.items():
        for name, value in instance.items():
            if found_in(pattern, name):
                yield from validator.descend(value, subschema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not validator.is_type(instance, "object"):
        return
    patterns, known = tuple(schema.get("patternProperties") or ()), schema.get("properties") or {}
    for name, value in instance.items():
        if name in known or any(found_in(pattern, name) for pattern in patterns):
            continue
        if allowed is False:
            yield _error(f"Additional properties are not allowed ({name[:80]!r} was unexpected)")
        else:
            yield from validator.descend(value, allowed, path=name)


def _unique_items(validator: Any, is_wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    """In linear time; the library compares every pair."""
    del schema
    if is_wanted and validator.is_type(instance, "array"):
        seen = {json.dumps(_one_form(item), sort_keys=True) for item in instance}
        if len(seen) != len(instance):
            yield _error("the array has non-unique elements")


def _one_form(value: Any) -> Any:
    """1.0 and 1 are the same number to JSON schema; true is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _one_form(item) for key, item in value.items()}
    return [_one_form(item) for item in value] if isinstance(value, list) else value


def _error(message: str) -> Any:
    from jsonschema import ValidationError

    return ValidationError(message)
