"""Adds up the log's half-hours for the dashboard, on a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import TroubleLog
from tierwise.serving.periodic import Periodic

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

PAUSE_SECONDS = 60.0
BATCH_SLOTS = 24

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
        return 1.0 if self.roll_up() == BATCH_SLOTS else PAUSE_SECONDS
