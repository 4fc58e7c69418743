"""Removes what is older than the configured days, on a thread of its own."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import TroubleLog
from tierwise.serving.periodic import Periodic

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

DAY_SECONDS = 86_400.0
PAUSE_SECONDS = 3_600.0
FIRST_PAUSE_SECONDS = 5.0

_LOGGER = logging.getLogger(__name__)


class Retention(Periodic):
    """Prunes the log every hour; ``days`` 0 keeps everything. Several processes may do it at once."""

    def __init__(
        self, log: Callable[[], DecisionLog | None], days: float, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__("retention", FIRST_PAUSE_SECONDS)
        self._log = log
        self._days = days
        self._clock = clock
        self._away = TroubleLog(_LOGGER)

    def start(self) -> None:
        if self._days > 0:
            super().start()

    def prune(self) -> bool:
        """Removes what is too old; False when the log could not be asked, which is tried again soon."""
        log = self._log()
        if log is None:
            return False
        try:
            removed = log.prune(before=self._clock() - self._days * DAY_SECONDS)
        except TierwiseError as error:
            self._away.tell(f"what is older than {self._days:g} days could not be removed", error, logging.WARNING)
            return False
        if removed.decisions or removed.outcomes:
            _LOGGER.info("removed %d decisions and %d outcomes by age", removed.decisions, removed.outcomes)
        return True

    def work(self) -> float:
        return PAUSE_SECONDS if self.prune() else FIRST_PAUSE_SECONDS
