"""Texts and JSON that every database stores as they are: PostgreSQL takes neither NUL nor lone surrogates."""

import hashlib
import json
import math
import re
from collections.abc import Mapping

from pydantic_core import to_json

MAX_KEY_CHARS = 512
MAX_KEY_BYTES = 1_024  # two of them fit into a row of PostgreSQL's indexes, which hold 2,704 bytes

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def dump_json(value: object) -> str:
    """JSON that every database stores as it is; numbers that JSON does not have become null."""
    try:
        return to_json(value, inf_nan_mode="null").decode()
    except ValueError:  # a lone surrogate has no UTF-8, but it has an escape
        return json.dumps(_finite(value), separators=(",", ":"))


def stored_value(value: object, is_json: bool) -> object:
    """The value of a column for a statement of the driver's own; what is not there is null, in a JSON column too."""
    return dump_json(value) if is_json and value is not None else value


def storable(text: str) -> str:
    """``text`` with what a database cannot hold replaced by U+FFFD."""
    return text if text.isascii() and "\0" not in text else _UNSTORABLE.sub("\ufffd", text)


def storable_key(text: str) -> str:
    """``text`` as a key: past ``MAX_KEY_CHARS`` the rest becomes a digest, because indexes bound the length."""
    text = storable(text)
    if len(text) <= MAX_KEY_CHARS and (text.isascii() or len(text.encode()) <= MAX_KEY_BYTES):
        return text
    head = text[: MAX_KEY_CHARS - 65].encode()[: MAX_KEY_BYTES - 65].decode("utf-8", "ignore")
    return f"{head}-{hashlib.sha256(text.encode()).hexdigest()}"


def _finite(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
