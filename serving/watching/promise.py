"""Watches on a thread of its own what the live router promised, and its courses by their audits; and says so once
either is broken.

Every process reads the decisions of the live version as they settle. An alarm goes to the audit trail once, and stands
for that version, whatever the number of processes and restarts: until another version is promoted.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from tierwise.data.decision_log import AuditEntry
from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import TroubleLog
from tierwise.router_model.decider import Decider
from tierwise.router_model.monitor.different import DIFFERENT
from tierwise.router_model.monitor.promise import PromiseMonitor, PromiseState
from tierwise.router_model.router import Router
from tierwise.serving.periodic import Periodic
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.watching.course_watch import CourseWatch
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.watched import Watched

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog
    from tierwise.data.decision_log.views.promised import Place

ALARM_ACTION = "promise broken"
SETTLE_SECONDS = 600.0
"""How old a decision must be before it is judged: reports that come late must not differ from those that come soon."""

_SOON_SECONDS = 1.0
_REST_SECONDS = 0.1
_LOGGER = logging.getLogger(__name__)


class PromiseWatcher(Periodic):
    """Looks every ``seconds`` (0: never). ``clock`` gives seconds since the epoch; of the answers that courses accepted
    and the top tier audited, the share ``max_different`` may differ."""

    def __init__(
        self,
        log: Callable[[], DecisionLog | None],
        slot: RouterSlot,
        watched: Watched,
        metrics: Metrics,
        seconds: float,
        settle_seconds: float = SETTLE_SECONDS,
        clock: Callable[[], float] = time.time,
        max_different: float = DIFFERENT,
    ) -> None:
        super().__init__("promise", min(seconds, _SOON_SECONDS))
        self._log = log
        self._slot = slot
        self._watched = watched
        self._metrics = metrics
        self._seconds = seconds
        self._settle_seconds = settle_seconds
        self._clock = clock
        self._monitor: PromiseMonitor | None = None
        self._courses = CourseWatch(watched, metrics, max_different)
        self._place: Place | None = None
        self._away = TroubleLog(_LOGGER)

    def start(self) -> None:
        if self._seconds > 0:
            super().start()

    def work(self) -> float:
        log = self._log()
        if log is None:
            return min(self._seconds, _SOON_SECONDS)
        try:
            self.look(log)
        except TierwiseError as error:
            self._away.tell("the promise cannot be watched, the decision log is away", error, logging.WARNING)
        return self._seconds

    def look(self, log: DecisionLog) -> None:
        """Reads what has settled since, and raises the alarm where it is due. Raises ``LogError``."""
        decider = self._slot.decider
        promised = promised_loss(decider)
        if decider.version != self._watched.version:
            self._begin(decider, promised)
        if self._monitor is None:
            return
        self._heed(log.audit(decider.version), decider.version)
        n_taken, n_audited = self._read(log, decider.version, self._monitor)
        if n_audited or self._watched.audits is None:
            self._courses.judge(log)
        if n_taken or self._watched.state is None:
            state = self._monitor.state()
            self._watched.state = state
            self._metrics.note_promise(state)
            if state.is_broken and not self._watched.is_broken(decider.version):
                self._alarm(log, decider.version, state)

    def _begin(self, decider: Decider, promised: float | None) -> None:
        """A version that was not watched before."""
        target = decider.parts.policy.target if isinstance(decider, Router) else "success"
        names = decider.catalogue.names
        self._monitor = None if promised is None else PromiseMonitor(names, promised, target=target)
        self._place = None
        self._watched.state = None
        self._watched.broken_version = None
        self._courses.begin(decider)
        self._watched.version = decider.version
        self._metrics.is_promise_broken.set(0.0)

    def _heed(self, trail: Sequence[AuditEntry], version: str) -> None:
        """The alarms that this version has, whoever raised them and when, it has here too."""
        if any(entry.action == ALARM_ACTION for entry in trail):
            self._watched.broken_version = version
            self._metrics.is_promise_broken.set(1.0)
        self._courses.heed(trail)

    def _read(self, log: DecisionLog, version: str, monitor: PromiseMonitor) -> tuple[int, int]:
        """Adds what has settled, page by page; how many decisions speak of the promise, and how many were audited."""
        from tierwise.data.decision_log.views.promised import START, promised_steps

        n_taken, n_audited, until = 0, 0, self._clock() - self._settle_seconds
        while not self.is_stopping:
            page = partial(promised_steps, router_version=version, after=self._place or START, until=until)
            steps, place = log.ask(page)
            if place is None:
                break
            n_taken += monitor.take(steps)
            n_audited += self._courses.take(steps)
            self._place = place
            time.sleep(_REST_SECONDS)  # a long log is caught up with beside the pages and decisions, not before them
        return n_taken, n_audited

    def _alarm(self, log: DecisionLog, version: str, state: PromiseState) -> None:
        """The trail first, so that every other process and the next start know it too."""
        text = broken_text(state)
        if not any(entry.action == ALARM_ACTION for entry in log.audit(version)):
            log.record_audit(AuditEntry(ALARM_ACTION, version, "tierwise", text, asdict(state)))
            self._metrics.promise_alarms.inc()
        self._watched.broken_version = version
        self._metrics.is_promise_broken.set(1.0)
        _LOGGER.error("router %s: %s", version, text)


def promised_loss(decider: Decider) -> float | None:
    """The relative loss that a decider promises; None for one that promises nothing, such as the rules."""
    return decider.parts.policy.default_max_quality_loss if isinstance(decider, Router) else None


def broken_text(state: PromiseState) -> str:
    """The alarm in words."""
    return (
        f"more than the promised {state.max_quality_loss:.1%} of the top tier's success is lost, with"
        f" {state.confidence:.0%} confidence after {state.broken_after} of {state.n_tasks} tasks"
        f" (loss {state.lower:.1%} to {state.upper:.1%})"
    )
