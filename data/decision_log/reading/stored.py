"""Reading back what is stored. Older versions let in numbers and lists that no door takes any more; no page,
decision or training may fail for them."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.declared import declared
from tierwise.data.errors import RecordError
from tierwise.data.foreign.limits import MAX_NUMBER
from tierwise.data.parsing import parse_attempt, parse_step
from tierwise.data.records import Attempt, Step

_MOST = {field.name: field.spec.most for field in declared(Attempt) if field.spec.most is not None}
_LONGEST = {field.name: int(field.spec.most) for field in declared(Step) if field.spec.most is not None}


def stored_step(raw: Any) -> Step:
    """A step of the log; what is beyond today's limits is left out of it."""
    try:
        return parse_step(raw)
    except RecordError:
        return parse_step(_tamed(raw))


def stored_attempt(raw: Any) -> Attempt:
    """An attempt of the log; a number beyond today's limits is unknown."""
    try:
        return parse_attempt(raw, "attempt")
    except RecordError:
        return parse_attempt(_tamed(raw), "attempt")


def _tamed(raw: Mapping[str, Any]) -> dict[str, Any]:
    tamed = dict(raw)
    for name, value in raw.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            lowest = 0.0 if name in _MOST else -MAX_NUMBER
            tamed[name] = value if lowest <= value <= _MOST.get(name, MAX_NUMBER) else None
        elif isinstance(value, list) and name in _LONGEST:
            tamed[name] = value[: _LONGEST[name]]
    return tamed
