"""Removes what is older than the configured days, on a thread of its own."""

import logging
import threading
import time
from collections.abc import Callable

from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import TierwiseError

DAY_SECONDS = 86_400.0
PAUSE_SECONDS = 3_600.0
FIRST_PAUSE_SECONDS = 5.0

_LOGGER = logging.getLogger(__name__)


class Retention:
    """Prunes the log every hour; ``days`` 0 keeps everything. Several processes may do it at once."""

    def __init__(
        self, log: Callable[[], DecisionLog | None], days: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._log = log
        self._days = days
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tierwise-retention", daemon=True)

    def start(self) -> None:
        if self._days > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def prune(self) -> bool:
        """Removes what is too old; False when the log could not be asked, which is tried again soon."""
        log = self._log()
        if log is None:
            return False
        try:
            removed = log.prune(before=self._clock() - self._days * DAY_SECONDS)
        except TierwiseError as error:
            _LOGGER.warning("what is older than %g days could not be removed: %s", self._days, type(error).__name__)
            return False
        if removed.decisions or removed.outcomes:
            _LOGGER.info("removed %d decisions and %d outcomes by age", removed.decisions, removed.outcomes)
        return True

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.wait(pause):
            pause = PAUSE_SECONDS if self.prune() else FIRST_PAUSE_SECONDS
