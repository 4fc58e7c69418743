"""The period that a page is about, as its address names it."""

import math
from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86_400
END_OF_TIME = 1e11
DEFAULT_PERIOD = "7d"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``since`` to now. ``slot_seconds`` is the width of a bar on a timeline: about 30 to 60 fit."""

    key: str
    title: str
    since: float
    slot_seconds: int


@dataclass(frozen=True, slots=True)
class _Kind:
    title: str
    seconds: float
    slot_seconds: int


PERIODS = {
    "1h": _Kind("last hour", HOUR, 2 * MINUTE),
    "24h": _Kind("last 24 hours", DAY, HOUR // 2),
    "7d": _Kind("last 7 days", 7 * DAY, 4 * HOUR),
    "30d": _Kind("last 30 days", 30 * DAY, DAY),
    "all": _Kind("everything", math.inf, DAY),
}


def read_period(key: str | None, now: float) -> Period:
    """The period of a page's address; what is not known is the default. Starts on a minute, so that answers keep.

    >>> read_period("1h", now=7_230.0).since
    3600.0
    """
    name = key if key in PERIODS else DEFAULT_PERIOD
    kind = PERIODS[name]
    since = 0.0 if math.isinf(kind.seconds) else float((now - kind.seconds) // MINUTE * MINUTE)
    return Period(name, kind.title, since, kind.slot_seconds)
