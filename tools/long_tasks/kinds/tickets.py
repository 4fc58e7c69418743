"""What all work on a queue of tickets begins with: the queue is listed, and each ticket shown."""

from collections.abc import Callable, Iterable

from tools.long_tasks.calls import Call
from tools.long_tasks.task import Need


def queue_needs(numbers: Iterable[str], needs_of: Callable[[str], list[Need]]) -> tuple[Need, ...]:
    """The list of the queue, then of each ticket that it is shown and what ``needs_of`` says; these come after
    `know NUMBER`."""
    needs = [Need("tickets", lambda world: "tickets" in world.seen, lambda _: Call("tickets"))]
    for number in numbers:
        needs += [_shown(number), *needs_of(number)]
    return tuple(needs)


def _shown(number: str) -> Need:
    return Need(
        f"know {number}",
        lambda world: f"show {number}" in world.seen,
        lambda _: Call("show", (number,)),
        ("tickets",),
    )
