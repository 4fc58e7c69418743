"""Watches the courses of the live router by their audits, page by page of the log as the promise's watch reads it.

The alarm of a part, or of all, goes to the audit trail once and stands for that version: every process and every
restart reads the same log and the same trail.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from tierwise.data.decision_log import AuditEntry
from tierwise.data.records import LoggedStep
from tierwise.router_model.decider import Decider
from tierwise.router_model.monitor.audits import AuditMonitor, AuditState, part_namer
from tierwise.router_model.router import Router
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.watched import BrokenCourses, Watched

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

AUDIT_ALARM_ACTION = "courses broken"

_LOGGER = logging.getLogger(__name__)


class CourseWatch:
    """``max_different`` is the share of audited answers that may differ, above 0 and below 1."""

    def __init__(self, watched: Watched, metrics: Metrics, max_different: float) -> None:
        self._watched = watched
        self._metrics = metrics
        self._max_different = max_different
        self._monitor: AuditMonitor | None = None

    def begin(self, decider: Decider) -> None:
        """A version that was not watched before."""
        self._monitor, self._watched.audits, self._watched.broken_courses = None, None, None
        if isinstance(decider, Router) and decider.parts.courses is not None:
            names, namer = decider.catalogue.names, part_namer(decider.parts.policy)
            self._monitor = AuditMonitor(names, self._max_different, namer)
            self._watched.broken_courses = BrokenCourses(decider.version)
        self._note()

    def heed(self, trail: Sequence[AuditEntry]) -> None:
        """The alarms in the trail of this version hold, whichever process raised them and when."""
        broken = self._watched.broken_courses
        if broken is None:
            return
        for entry in trail:
            if entry.action == AUDIT_ALARM_ACTION:
                part = entry.evidence.get("part")
                broken = broken.joined(None if part is None else str(part))
        if broken != self._watched.broken_courses:
            self._watched.broken_courses = broken
            self._note()

    def take(self, steps: Sequence[LoggedStep]) -> int:
        """Adds decisions as they settled; how many of them were audited."""
        return 0 if self._monitor is None else self._monitor.take(steps)

    def judge(self, log: DecisionLog) -> None:
        """Tells how the audits stand, and raises the alarms that are due. Raises ``LogError``."""
        if self._monitor is None:
            return
        state = self._monitor.state()
        self._watched.audits = state
        for each in state.broken:
            self._raise(log, each)
        self._note()

    def _raise(self, log: DecisionLog, each: AuditState) -> None:
        """The trail first, so that every other process and the next start know it too."""
        broken = self._watched.broken_courses
        if broken is None or broken.hold(each.part):
            return
        if not any(entry.evidence.get("part") == each.part for entry in _alarms(log, broken.version)):
            log.record_audit(AuditEntry(AUDIT_ALARM_ACTION, broken.version, "tierwise", each.text(), asdict(each)))
            self._metrics.audit_alarms.inc()
        self._watched.broken_courses = broken.joined(each.part)
        _LOGGER.error("router %s: %s; these courses are not run any more", broken.version, each.text())

    def _note(self) -> None:
        broken = self._watched.broken_courses
        self._metrics.note_audits(self._watched.audits, broken is not None and broken.is_any)


def _alarms(log: DecisionLog, version: str) -> list[AuditEntry]:
    return [entry for entry in log.audit(version) if entry.action == AUDIT_ALARM_ACTION]
