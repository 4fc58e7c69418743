"""What a log's traffic comes to in a month, from its own times and costs."""

from collections.abc import Iterable

from tierwise.data.compared.mirrored import is_mirror
from tierwise.data.records import LoggedStep

SECONDS_A_MONTH = 365.25 * 86_400 / 12
MIN_SPAN_SECONDS = 86_400.0


def usd_a_month(steps: Iterable[LoggedStep], tier: str) -> float | None:
    """Dollars a month of the attempts on ``tier`` that somebody waited for, at the pace of the log.

    None where a month cannot be told: no times, no costs, or less than a day between the first and the last step.
    """
    spent, first, last = 0.0, float("inf"), float("-inf")
    for logged in steps:
        if logged.timestamp is None:
            continue
        first, last = min(first, logged.timestamp), max(last, logged.timestamp)
        spent += sum(a.cost_usd or 0.0 for a in logged.attempts if a.tier == tier and not is_mirror(a))
    if last - first < MIN_SPAN_SECONDS or not spent:
        return None
    return spent / (last - first) * SECONDS_A_MONTH
