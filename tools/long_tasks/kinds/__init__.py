"""Six kinds of tasks. Each makes a task of a seed; tasks of a kind differ in names, numbers and order."""

import random
from collections.abc import Callable

from tools.long_tasks.kinds import inbox, orders, settings, stock, trail, triage
from tools.long_tasks.task import LongTask

KINDS: dict[str, Callable[[random.Random, str], LongTask]] = {
    "inbox": inbox.make,
    "triage": triage.make,
    "stock": stock.make,
    "orders": orders.make,
    "settings": settings.make,
    "trail": trail.make,
}


def make_task(kind: str, number: int, seed: int = 29) -> LongTask:
    """The ``number``-th task of a kind; the same for the same ``seed``."""
    return KINDS[kind](random.Random(f"{seed} {kind} {number}"), f"{kind}-{number:03d}")
