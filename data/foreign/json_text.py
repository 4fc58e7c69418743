"""JSON of others, decoded within bounds."""

import json
from typing import Any, NoReturn

from tierwise.data.foreign.errors import ForeignError, TooLargeError
from tierwise.data.foreign.limits import MAX_VALUES
from tierwise.data.foreign.shape import check_shape


def decode_json(content: bytes | str, max_bytes: int, max_values: int = MAX_VALUES) -> Any:
    """The value that ``content`` is. Raises ``TooLargeError`` beyond the limits, ``ForeignError`` for no JSON.

    The limits are looked at before anything is built: commas and brackets, also those inside texts, bound the number of
    values. ``NaN`` and ``Infinity`` are no JSON.

    >>> decode_json(b'{"tier": "small"}', max_bytes=100)
    {'tier': 'small'}
    """
    if len(content) > max_bytes:
        raise TooLargeError(f"is longer than {max_bytes} bytes")
    check_size(content, max_values)
    try:
        value = json.loads(content, parse_constant=_refuse)
    except RecursionError:
        raise TooLargeError("is nested too deep") from None
    except ValueError as error:  # also bytes that are no text, and numbers of thousands of digits
        raise ForeignError(f"is no JSON ({type(error).__name__})") from None
    check_shape(value, max_values)
    return value


def check_size(content: bytes | str, max_values: int = MAX_VALUES) -> None:
    """Raises ``TooLargeError`` for JSON that may hold more than ``max_values`` values, without decoding it."""
    if _n_marks(content) > max_values:
        raise TooLargeError(f"may hold more than {max_values} values")


def whole_text(text: str) -> str:
    """``text`` with halves of surrogate pairs replaced by U+FFFD: neither databases nor other models take them."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _n_marks(content: bytes | str) -> int:
    if isinstance(content, str):
        return content.count(",") + content.count("[") + content.count("{")
    return content.count(b",") + content.count(b"[") + content.count(b"{")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
