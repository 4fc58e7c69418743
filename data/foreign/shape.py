"""The shape of decoded JSON: how deep, and how many values."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.foreign.errors import TooLargeError
from tierwise.data.foreign.limits import MAX_DEPTH, MAX_VALUES

_SCALARS = frozenset({str, int, float, bool, type(None)})  # told apart at once; asking an abstract class takes long


def check_shape(value: object, max_values: int = MAX_VALUES, max_depth: int = MAX_DEPTH) -> None:
    """Raises ``TooLargeError`` for a value that is nested deeper or holds more than is allowed.

    Looks at one level after the other, so that nothing overflows and a cycle ends like any depth.
    """
    level: list[Any] = [value]
    n_values = 0
    for _ in range(max_depth + 1):
        n_values += len(level)
        if n_values > max_values:
            raise TooLargeError(f"holds more than {max_values} values")
        nested = [node for node in level if type(node) not in _SCALARS]
        level = []
        for node in nested:
            if isinstance(node, Mapping):
                level.extend(node.values())
            elif isinstance(node, list | tuple):
                level.extend(node)
            if len(level) > max_values:
                raise TooLargeError(f"holds more than {max_values} values")
        if not level:
            return
    raise TooLargeError(f"is nested more than {max_depth} levels deep")
