"""Numbers as logs write them: whole, as floats, as text."""

from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from tierwise.data.foreign.limits import MAX_TOKENS


def count(value: object) -> int | None:
    """A count of something; None for what is none.

    >>> count(100.0), count("100"), count(-1), count(True), count(float("nan"))
    (100, 100, None, None, None)
    """
    number = amount(value)
    if number is None or number < 0 or number > MAX_TOKENS or number != int(number):
        return None
    return int(number)


def amount(value: object) -> float | None:
    """A finite number; None for anything else."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def first_count(values: Mapping[str, Any], *names: str) -> int | None:
    """The first of ``names`` that holds a count."""
    return next((found for name in names if (found := count(values.get(name))) is not None), None)


def first_amount(values: Mapping[str, Any], *names: str) -> float | None:
    """The first of ``names`` that holds an amount."""
    return next((found for name in names if (found := amount(values.get(name))) is not None), None)
