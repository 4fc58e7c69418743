"""JSON as it really comes: an emoji cut in two is no reason to refuse an answer.

Python's own reader takes the halves of surrogate pairs, and OpenAI's clients read with it. The faster readers and
writers refuse them, so they are asked first and not last.
"""

import json
from contextlib import suppress
from typing import Any

from pydantic_core import from_json, to_json

from tierwise.data.foreign.json_text import whole_text
from tierwise.data.foreign.limits import MAX_LINE_VALUES
from tierwise.data.foreign.shape import check_shape


def read_json(content: bytes | str) -> Any:
    """What ``content`` says. Raises ``ValueError`` for what is no JSON, however it is wrong.

    >>> read_json(b'{"text": "cut \\\\ud83d"}')["text"]
    'cut \\ud83d'
    """
    with suppress(ValueError, TypeError):  # TypeError: text with half a character
        return from_json(content)
    try:
        value = json.loads(content)
    except UnicodeDecodeError:  # cut in the middle of a character's bytes
        return read_json(content.decode("utf-8", "replace")) if isinstance(content, bytes) else None
    except RecursionError:
        raise ValueError("nested too deep") from None
    check_shape(value, MAX_LINE_VALUES)  # the faster reader bounds the depth itself
    return value


def write_json(value: object) -> bytes:
    """JSON of ``value``; halves of emojis are written as escapes, as they came. Raises ``ValueError`` or
    ``TypeError`` for what JSON cannot hold."""
    try:
        return to_json(value)
    except ValueError:
        return json.dumps(value, separators=(",", ":")).encode("ascii")


def decoded(value: object) -> Any:
    """JSON text becomes what it says; anything else, and text that is no JSON, stays as it is."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "[", '"'):
        with suppress(ValueError):
            return read_json(value)
    return value


def whole(text: str) -> str:
    """``text`` with cut emojis replaced and split ones joined, fit for databases and tokenizers.

    >>> whole("\\ud83d\\ude80 and \\ud83d")
    '🚀 and �'
    """
    return whole_text(text)
