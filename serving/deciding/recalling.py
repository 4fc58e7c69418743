"""The memory of tasks on the request path: trouble in it is told in the log, and the step is decided without it."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Outcome
from tierwise.features.tasks import TaskMemory
from tierwise.serving.http.wire import RouteRequest

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionRecord

_LOGGER = logging.getLogger(__name__)


class Recall:
    """What a service remembers of tasks; without ``memory`` nothing."""

    def __init__(self, memory: TaskMemory | None = None) -> None:
        self._memory = memory
        self._trouble = TroubleLog(_LOGGER)

    def told(self, request: RouteRequest, now: float) -> RouteRequest:
        """The request, its step told what came of its task's earlier steps; the very same where nothing is known."""
        if self._memory is None:
            return request
        step = request.step
        with self._safely():
            step = self._memory.recalled(step, request.task_id, now)
        return request if step is request.step else replace(request, step=step)

    def note_decision(self, record: "DecisionRecord", tiers: Sequence[str]) -> None:
        """A step was decided; ``tiers`` are all, cheapest first."""
        if self._memory is not None:
            with self._safely():
                self._memory.note_step(
                    record.task_id,
                    record.decision_id,
                    record.step,
                    record.decision.tier,
                    tiers,
                    record.created_at,
                    record.session_id,
                )

    def note_outcome(self, outcome: Outcome, tiers: Sequence[str]) -> None:
        """What came of a decision."""
        if self._memory is not None:
            with self._safely():
                self._memory.note_outcome(outcome, tiers)

    def forget_task(self, task_id: str) -> None:
        if self._memory is not None:
            self._memory.forget_task(task_id)

    def forget_session(self, session_id: str) -> None:
        if self._memory is not None:
            self._memory.forget_session(session_id)

    @contextmanager
    def _safely(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # whatever breaks in there, the caller's agent must go on
            self._trouble.tell("the memory of tasks failed", error)
