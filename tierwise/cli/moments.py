"""Moments and spans of time as people write them on the command line."""

import re
from datetime import UTC, datetime

from tierwise.data.errors import TierwiseError

_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def parse_duration(text: str, option: str) -> float:
    """Seconds of a span such as ``90s``, ``30m``, ``12h``, ``7d`` or ``2w``.

    >>> parse_duration("12h", "--every")
    43200.0
    """
    seconds = parse_wait(text, option)
    if seconds == 0:
        raise TierwiseError(f"{option} is '{text}'; a span above 0 is needed, such as 30m, 12h or 7d")
    return seconds


def parse_wait(text: str, option: str) -> float:
    """As ``parse_duration``, and ``0`` for no wait at all.

    >>> parse_wait("0s", "--settle"), parse_wait("0", "--settle")
    (0.0, 0.0)
    """
    if text.strip() == "0":
        return 0.0
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise TierwiseError(f"{option} is '{text}'; write a span such as 30m, 12h or 7d")
    return float(found[1]) * _SECONDS[found[2]]


def parse_mark(text: str, now: float, option: str = "--since") -> float:
    """Seconds since the epoch of an ISO date or time (UTC where it names no zone), or of a span before ``now``.

    >>> parse_mark("1970-01-02", 0.0)
    86400.0
    """
    if _SPAN.fullmatch(text.strip()):
        return now - parse_duration(text, option)
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise TierwiseError(f"{option} is '{text}'; write a date such as 2026-11-01, a time, or 30d") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
