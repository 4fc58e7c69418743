"""Regular expressions of others, in time that grows linearly with the text: RE2 instead of backtracking."""

import importlib
from functools import lru_cache
from typing import Any

from tierwise.data.foreign.errors import UncheckableError
from tierwise.data.foreign.limits import MAX_PATTERN_CHARS
from tierwise.data.foreign.meter import current_meter

_MAX_PROGRAM_BYTES = 1 << 18
_MIN_PROGRAM = 16


def found_in(pattern: str, text: str) -> bool:
    """Whether ``pattern`` matches anywhere in ``text``.

    Raises ``UncheckableError`` for what RE2 does not know (look-around, references back), for a pattern or a search
    that would take too much work, and where RE2 is not installed.
    """
    compiled = _compiled(pattern)
    current_meter().spend_on_pattern(max(_MIN_PROGRAM, compiled.programsize) * (len(text) + 1))
    return compiled.search(text) is not None


def is_linear(pattern: str) -> bool:
    """Whether :func:`found_in` knows the pattern."""
    try:
        _compiled(pattern)
    except UncheckableError:
        return False
    return True


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    if len(pattern) > MAX_PATTERN_CHARS:
        raise UncheckableError(f"a pattern is longer than {MAX_PATTERN_CHARS} characters")
    try:
        re2 = importlib.import_module("re2")
    except ImportError:
        raise UncheckableError("patterns are not checked: google-re2 is not installed") from None
    options = re2.Options()
    options.max_mem = _MAX_PROGRAM_BYTES
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError):
        raise UncheckableError("a pattern cannot be checked in linear time") from None
