"""Adds up the log's half-hours for the dashboard, on a thread of its own."""

import logging
import threading
from collections.abc import Callable

from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import TierwiseError

PAUSE_SECONDS = 60.0
BATCH_SLOTS = 24

_LOGGER = logging.getLogger(__name__)


class Rollup:
    """Brings the sums up to date every minute, a long log bit by bit. ``top_tier`` is what spending is compared with.

    Several processes may do it at once: one works, the others find it done.
    """

    def __init__(self, log: Callable[[], DecisionLog], top_tier: Callable[[], str]) -> None:
        self._log = log
        self._top_tier = top_tier
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tierwise-rollup", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5.0)

    def roll_up(self) -> int:
        """How many half-hours were added up; 0 where the log could not be asked, which is tried again."""
        try:
            return self._log().roll_up(self._top_tier(), BATCH_SLOTS)
        except TierwiseError as error:
            _LOGGER.warning("the log could not be added up for the dashboard: %s", type(error).__name__)
            return 0

    def _run(self) -> None:
        pause = PAUSE_SECONDS / 10
        while not self._stop.wait(pause):
            pause = 1.0 if self.roll_up() == BATCH_SLOTS else PAUSE_SECONDS
