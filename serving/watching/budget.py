"""Budgets: what the log says was spent today and this month, and an alarm where a part of a budget is used up."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import httpx2

from tierwise.data.decision_log import AuditEntry
from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import TroubleLog
from tierwise.serving.periodic import Periodic

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

PAUSE_SECONDS = 60.0
LEVELS = (0.8, 1.0)
ALARM_ACTION = "budget alarm"
ALARM_TIMEOUT_SECONDS = 10.0

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent in one day or month (UTC) of its budget, US dollars; ``since`` in seconds since the epoch."""

    span: str
    name: str
    since: float
    budget_usd: float
    spent_usd: float

    @property
    def share(self) -> float:
        return self.spent_usd / self.budget_usd

    @property
    def level(self) -> float | None:
        """The highest of ``LEVELS`` that is reached."""
        return max((level for level in LEVELS if self.share >= level), default=None)


def spendings(log: DecisionLog, per_day_usd: float, per_month_usd: float, now: float) -> list[Spending]:
    """The spans that have a budget, with what was spent in them so far."""
    from tierwise.data.decision_log.views.spent import spent_usd

    moment = datetime.fromtimestamp(now, UTC)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    spans = (("day", f"{day:%Y-%m-%d}", day, per_day_usd), ("month", f"{day:%Y-%m}", day.replace(day=1), per_month_usd))
    return [
        Spending(span, name, since.timestamp(), usd, log.ask(partial(spent_usd, since=since.timestamp())))
        for span, name, since, usd in spans
        if usd > 0
    ]


class BudgetWatcher(Periodic):
    """Looks every minute. Each level of each span is alarmed once, whatever the number of processes and restarts:
    the audit trail remembers. ``url`` gets a JSON document by POST; without one the alarm stands in the log alone."""

    def __init__(
        self,
        log: Callable[[], DecisionLog | None],
        per_day_usd: float,
        per_month_usd: float,
        url: str | None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__("budget", PAUSE_SECONDS / 10)
        self._log = log
        self._per_day_usd = per_day_usd
        self._per_month_usd = per_month_usd
        self._url = url
        self._clock = clock
        self._away = TroubleLog(_LOGGER)

    def start(self) -> None:
        if self._per_day_usd or self._per_month_usd:
            super().start()

    def look(self) -> None:
        """Alarms what is due. Raises nothing."""
        log = self._log()
        if log is None:
            return
        try:
            for spending in spendings(log, self._per_day_usd, self._per_month_usd, self._clock()):
                if spending.level is not None and self._is_new(log, spending, spending.level):
                    self._alarm(log, spending, spending.level)
        except TierwiseError as error:
            self._away.tell("what was spent is not known", error, logging.WARNING)

    def work(self) -> float:
        self.look()
        return PAUSE_SECONDS

    def _is_new(self, log: DecisionLog, spending: Spending, level: float) -> bool:
        return not any(
            entry.action == ALARM_ACTION and entry.evidence.get("level") == level for entry in log.audit(spending.name)
        )

    def _alarm(self, log: DecisionLog, spending: Spending, level: float) -> None:
        """First the trail, then the call: a webhook that is away must not be called every minute for ever."""
        spent = f"{spending.spent_usd:.2f} of {spending.budget_usd:g} USD"
        text = f"{spent} are spent, {spending.share:.0%} of the {spending.span}'s budget"
        evidence = {"level": level, **asdict(spending)}
        log.record_audit(AuditEntry(ALARM_ACTION, spending.name, "tierwise", text, evidence))
        _LOGGER.warning("budget of the %s %s: %s", spending.span, spending.name, text)
        if self._url is not None:
            _post(self._url, {"alarm": ALARM_ACTION, "text": text, **evidence})


def _post(url: str, content: dict[str, object]) -> None:
    headers = {"content-type": "application/json"}
    try:
        answer = httpx2.post(url, content=json.dumps(content), headers=headers, timeout=ALARM_TIMEOUT_SECONDS)
        if answer.status_code >= 300:
            _LOGGER.error("the alarm was refused with status %d", answer.status_code)
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        _LOGGER.error("the alarm could not be sent: %s", type(error).__name__)
