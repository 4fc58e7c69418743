"""What a memory would have told each step of a log, for logs that were written without one.

A step that says what came before it, by its messages or because it was served by a memory, stays as it is; so do all
steps of a task of which one was told: where such a memory was silent, it had nothing to tell.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

from tierwise.data.records import LoggedStep
from tierwise.features.tasks.memory import MAX_AGE_SECONDS
from tierwise.features.tasks.past import TaskPast, tells_itself

_MAX_TASKS: Final = 50_000
"""Tasks under way at once, in a log that is read in order."""


class Rebuilding:
    """Reads a log in the order of its steps. One without a time, or earlier than the last one of its task, is told
    nothing."""

    def __init__(self, tiers: Sequence[str]) -> None:
        self._tiers = tuple(tiers)
        self._tasks: OrderedDict[str, TaskPast] = OrderedDict()

    def next(self, logged: LoggedStep) -> LoggedStep:
        """The step with ``before``, where its task is known."""
        if logged.task_id is None or logged.timestamp is None:
            return logged
        past = self._tasks.get(logged.task_id)
        if past is None or logged.timestamp - past.steps[-1][1].at > MAX_AGE_SECONDS:
            past = self._tasks[logged.task_id] = TaskPast()
        self._tasks.move_to_end(logged.task_id)
        if past.steps and logged.timestamp < past.steps[-1][1].at:
            return logged
        step, is_silent = logged.step, tells_itself(logged.step) or past.is_told
        before = () if is_silent else past.before(step, logged.timestamp)
        decided = None if logged.decision is None else logged.decision.tier
        past.note_step(logged.step_id, step, decided, self._tiers, logged.timestamp)
        for attempt in logged.attempts:
            past.steps[-1][1].note(attempt, self._tiers)
        if len(self._tasks) > _MAX_TASKS:
            self._tasks.popitem(last=False)
        return replace(logged, step=replace(step, before=before)) if before else logged


def rebuilt(steps: Iterable[LoggedStep], tiers: Sequence[str]) -> Iterator[LoggedStep]:
    """The steps of a log in memory, in whatever order, each told what came before it; in the same order."""
    given = list(steps)
    reading, found = Rebuilding(tiers), dict[int, LoggedStep]()
    for place in sorted(range(len(given)), key=lambda place: _moment(given[place])):
        found[place] = reading.next(given[place])
    return (found[place] for place in range(len(given)))


def _moment(logged: LoggedStep) -> tuple[float, int, str]:
    return (logged.timestamp or 0.0, logged.step.step_index or 0, logged.step_id)
