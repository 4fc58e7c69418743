"""Adds up the log's half-hours for the dashboard, on a thread of its own."""

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

PAUSE_SECONDS = 60.0
BATCH_SLOTS = 6
REST = 5.0
"""How many times as long as it worked it rests, so that a long log that is added up for the first time leaves the
process to requests and pages."""

_LOGGER = logging.getLogger(__name__)


class Rollup(Periodic):
    """Brings the sums up to date every minute, a long log bit by bit. ``top_tier`` is what spending is compared with.

    Several processes may do it at once: one works, the others find it done.
    """

    def __init__(self, log: Callable[[], DecisionLog], top_tier: Callable[[], str]) -> None:
        super().__init__("rollup", PAUSE_SECONDS / 10)
        self._log = log
        self._top_tier = top_tier
        self._away = TroubleLog(_LOGGER)

    def roll_up(self) -> int:
        """How many half-hours were added up; 0 where the log could not be asked, which is tried again."""
        try:
            return self._log().roll_up(self._top_tier(), BATCH_SLOTS)
        except TierwiseError as error:
            self._away.tell("the log could not be added up for the dashboard", error, logging.WARNING)
            return 0

    def work(self) -> float:
        started = time.monotonic()
        if self.roll_up() < BATCH_SLOTS:
            return PAUSE_SECONDS
        return max(1.0, REST * (time.monotonic() - started))
