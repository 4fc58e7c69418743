"""The memory of a service or a client: the past of the tasks that it decided for last.

It belongs to one process, holds names of actions, digests and counts and no text, and forgets the oldest task first.
A step whose task it does not remember is decided as if there were no memory.
"""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Final

from tierwise.data.records import Outcome, Step
from tierwise.features.tasks.past import PastStep, TaskPast, tells_itself

MAX_AGE_SECONDS: Final = 6 * 3600.0
"""A task that was silent for longer is taken to be over."""

STEP_BYTES, TASK_BYTES = 700, 1_300
"""What a step and a task take at most, with the names that they are found by (at most some 100 characters)."""


class TaskMemory:
    """Remembers ``max_tasks`` tasks in ``max_bytes``. Any thread may use it."""

    def __init__(self, max_tasks: int, max_bytes: int, max_age_seconds: float = MAX_AGE_SECONDS) -> None:
        self._max_tasks = max_tasks
        self._max_bytes = max_bytes
        self._max_age_seconds = max_age_seconds
        self._tasks: OrderedDict[str, TaskPast] = OrderedDict()
        self._steps: dict[str, PastStep] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._tasks)

    @property
    def n_bytes(self) -> int:
        """An upper bound of what it takes."""
        return len(self._tasks) * TASK_BYTES + len(self._steps) * STEP_BYTES

    def recalled(self, step: Step, task_id: str | None, now: float) -> Step:
        """The step with what is remembered of its task; the very same where nothing is, or where it tells itself."""
        if task_id is None or tells_itself(step):
            return step
        with self._lock:
            past = self._alive(task_id, now)
            before = () if past is None else past.before(step, now)
        return replace(step, before=before) if before else step

    def note_step(
        self,
        task_id: str | None,
        decision_id: str,
        step: Step,
        tier: str,
        tiers: Sequence[str],
        at: float,
        session_id: str | None = None,
    ) -> None:
        """A step of the task was decided at ``at``, seconds since the epoch; ``tiers`` are all, cheapest first. The
        same decision counts once."""
        if task_id is None:
            return
        with self._lock:
            if decision_id in self._steps:
                return
            past = self._alive(task_id, at)
            if past is None:
                past = self._tasks[task_id] = TaskPast()
            self._tasks.move_to_end(task_id)
            past.session_id = session_id
            for key in past.note_step(decision_id, step, tier, tiers, at):
                self._steps.pop(key, None)
            self._steps[decision_id] = past.steps[-1][1]
            while len(self._tasks) > self._max_tasks or self.n_bytes > self._max_bytes:
                self._drop(next(iter(self._tasks)))

    def note_outcome(self, outcome: Outcome, tiers: Sequence[str]) -> None:
        """What came of a decision; nothing where the decision is not remembered."""
        with self._lock:
            step = self._steps.get(outcome.decision_id)
            if step is not None:
                step.note(outcome.attempt, tiers)

    def forget_task(self, task_id: str) -> None:
        with self._lock:
            self._drop(task_id)

    def forget_session(self, session_id: str) -> None:
        """Forgets the tasks whose last step belonged to the session."""
        with self._lock:
            for task_id in [name for name, past in self._tasks.items() if past.session_id == session_id]:
                self._drop(task_id)

    def _alive(self, task_id: str, now: float) -> TaskPast | None:
        past = self._tasks.get(task_id)
        if past is not None and now - past.steps[-1][1].at > self._max_age_seconds:
            self._drop(task_id)
            return None
        return past

    def _drop(self, task_id: str) -> None:
        past = self._tasks.pop(task_id, None)
        for key, _ in past.steps if past is not None else ():
            self._steps.pop(key, None)
