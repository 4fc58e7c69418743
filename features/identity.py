"""Identity features: which agent, node, task type, tool set and schema a step belongs to, and what was done last.

Agent logs recur by identity, so a router learns most from it. Each field gets a vocabulary of the values that training
saw often enough; a step is a one-hot over it, with columns for "other value" and "no value".
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b

from tierwise.data.declared import Feature, declared
from tierwise.data.records import Step
from tierwise.data.sensitive.text import redact_text
from tierwise.features.tasks.before import last_action

_NAMED = tuple(field.name for field in declared(Step) if field.spec.feature is Feature.IDENTITY)
MIN_COUNT = 8
MAX_VALUES = 24


def identity_values(step: Step) -> dict[str, str | None]:
    """The value of each field by name; tool sets and schemas stand as digests of their names and shape."""
    return {
        **{name: getattr(step, name) for name in _NAMED},
        "tool_set": _digest(sorted(tool.name for tool in step.tools)) if step.tools else None,
        "schema": _digest(step.response_schema) if step.response_schema is not None else None,
        "last_action": last_action(step),
    }


IDENTITY_FIELDS: tuple[str, ...] = tuple(identity_values(Step("")))


def fit_vocabularies(steps: Iterable[Step]) -> dict[str, tuple[str, ...]]:
    """The most frequent values of each field, in alphabetical order, so that the order of rows changes nothing."""
    counters: dict[str, Counter[str]] = {field: Counter() for field in IDENTITY_FIELDS}
    for step in steps:
        for field, value in identity_values(step).items():
            if value is not None:
                counters[field][value] += 1
    for counter in counters.values():  # a name that holds a secret must not stand in a bundle
        for value in [name for name in counter if redact_text(name) != name]:
            del counter[value]
    return {field: _frequent(counter) for field, counter in counters.items()}


def identity_names(vocabularies: Mapping[str, Sequence[str]]) -> list[str]:
    """The names of the columns that ``identity_columns`` counts."""
    return [f"{field}={value}" for field in IDENTITY_FIELDS for value in (*vocabularies[field], "<other>", "<none>")]


def identity_columns(step: Step, positions: Mapping[str, Mapping[str, int]]) -> list[int]:
    """The columns that are 1, counted from the first of the identity's: one for each field, the rest are 0.

    ``positions`` maps each field to the column of each of its values.
    """
    ones, start = [], 0
    for field, value in identity_values(step).items():
        known = positions[field]
        ones.append(start + (len(known) + 1 if value is None else known.get(value, len(known))))
        start += len(known) + 2
    return ones


def _frequent(counter: Counter[str]) -> tuple[str, ...]:
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return tuple(sorted(value for value, count in ranked[:MAX_VALUES] if count >= MIN_COUNT))


def _digest(value: object) -> str:
    canonical = json.dumps(value, sort_keys=True, default=str)
    return blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
