"""Whether a text keeps to the JSON schema that was asked for: one rule for the gateway and for imported logs.

Three things are no failure of the model's, and no success either. An answer that ended at its limit of tokens was cut
by whoever set the limit. JSON in a Markdown fence says the right thing in a wrapping that some readers take off and
others stumble over. And where the schema cannot be applied, nobody can tell.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.foreign.errors import UncheckableError
from tierwise.data.foreign.json_text import check_size
from tierwise.data.foreign.limits import MAX_CHECKED_CHARS, MAX_VALUES
from tierwise.data.foreign.schema import misfits
from tierwise.data.replies.json_text import read_json

_FENCE = "```"
_LANGUAGE = re.compile(r"[A-Za-z]\w{0,20}(?=[\s\[{\"])")


@dataclass(frozen=True, slots=True)
class Held:
    """``fits`` None: neither kept nor broken. ``reason`` says what is wrong and quotes neither text nor schema;
    ``detail`` may quote both."""

    fits: bool | None
    reason: str | None = None
    detail: str | None = None


CUT = Held(None, "ended at its limit of tokens")
FENCED = Held(None, "is JSON in a fence")
_FITS = Held(True)


def held_against(text: str, schema: Mapping[str, Any]) -> Held:
    """``text`` held against ``schema``. Raises ``UncheckableError`` where nobody can tell within the allowed work.

    >>> held_against('{"n": 40}', {"required": ["n"]}).fits, held_against("forty", {}).reason
    (True, 'is no JSON')
    >>> held_against('```json\\n{"n": 40}\\n```', {"required": ["n"]}).fits is None
    True
    """
    if len(text) > MAX_CHECKED_CHARS:
        raise UncheckableError("the answer is too long to be checked")
    try:
        check_size(text, MAX_VALUES)
    except ValueError as error:
        raise UncheckableError(str(error)) from None
    inner = inside_fence(text)
    try:
        value = read_json(text if inner is None else inner)
    except ValueError as error:
        return Held(False, "is no JSON", f"not JSON: {error}")
    found = misfits(schema, value, n_most=1)
    if found:
        return Held(False, f"breaks '{found[0].keyword}' at depth {found[0].depth}", found[0].message)
    return _FITS if inner is None else FENCED


def inside_fence(text: str) -> str | None:
    """What stands in the fence that is all of ``text``, without the name of its language; None where it is none."""
    plain = text.strip()
    if len(plain) < 2 * len(_FENCE) or not (plain.startswith(_FENCE) and plain.endswith(_FENCE)):
        return None
    inner = plain[len(_FENCE) : -len(_FENCE)]
    language = _LANGUAGE.match(inner)
    return inner if language is None else inner[language.end() :]
