"""Identity features: which agent, node, task type, tool set and schema a step belongs to, and what was done last.

Agent logs recur by identity, so a router learns most from it. Each field gets a vocabulary of the values that training
saw often enough; a step is a one-hot over it, with columns for "other value" and "no value".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from operator import attrgetter

from tierwise.data.declared import Feature, declared
from tierwise.data.records import Step
from tierwise.data.sensitive_text import redact_text
from tierwise.features.trajectory import last_action_name

_NAMED = tuple(field.name for field in declared(Step) if field.spec.feature is Feature.IDENTITY)
_VALUES = attrgetter(*_NAMED)
IDENTITY_FIELDS: tuple[str, ...] = (*_NAMED, "tool_set", "schema", "last_action")
MIN_COUNT = 8
MAX_VALUES = 24


def identity_values(step: Step) -> tuple[str | None, ...]:
    """The value of each of ``IDENTITY_FIELDS``; tool sets and schemas stand as digests of their names and shape."""
    return (
        *_VALUES(step),
        _digest(sorted(tool.name for tool in step.tools)) if step.tools else None,
        _digest(step.response_schema) if step.response_schema is not None else None,
        last_action_name(step.messages) if step.messages else None,
    )


def fit_vocabularies(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The most frequent values of each field, in alphabetical order, so that the order of rows changes nothing."""
    counters: list[Counter[str]] = [Counter() for _ in IDENTITY_FIELDS]
    for step in steps:
        for counter, value in zip(counters, identity_values(step), strict=True):
            if value is not None:
                counter[value] += 1
    for counter in counters:  # a name that holds a secret must not stand in a bundle
        for value in [name for name in counter if redact_text(name) != name]:
            del counter[value]
    return {field: _frequent(counter) for field, counter in zip(IDENTITY_FIELDS, counters, strict=True)}


def identity_names(vocabularies: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of the columns that ``identity_features`` fills."""
    return [f"{field}={value}" for field in IDENTITY_FIELDS for value in (*vocabularies[field], "<other>", "<none>")]


def identity_features(step: Step, positions: Mapping[str, Mapping[str, int]]) -> list[float]:
    """One-hot columns; ``positions`` maps each field to the column of each of its values."""
    columns: list[float] = []
    for field, value in zip(IDENTITY_FIELDS, identity_values(step), strict=True):
        known = positions[field]
        one_hot = [0.0] * (len(known) + 2)
        one_hot[len(known) + 1 if value is None else known.get(value, len(known))] = 1.0
        columns += one_hot
    return columns


def _frequent(counter: Counter[str]) -> tuple[str, ...]:
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(value for value, count in ranked[:MAX_VALUES] if count >= MIN_COUNT))


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, default=str)
    return blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
