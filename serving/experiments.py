"""Follows the experiment that the decision log says is live, on a thread of its own."""

import logging
import threading
from collections.abc import Callable

from tierwise.data.decision_log import DecisionLog
from tierwise.data.errors import TierwiseError
from tierwise.serving.arms import Arms

_LOGGER = logging.getLogger(__name__)


class ExperimentWatcher:
    """Asks the log every ``seconds`` (0: never). While the log is away, the experiment known last goes on."""

    def __init__(self, log: Callable[[], DecisionLog | None], arms: Arms, seconds: float) -> None:
        self._log = log
        self._arms = arms
        self._seconds = seconds
        self._stop = threading.Event()
        self._is_away = False
        self._thread = threading.Thread(target=self._run, name="tierwise-experiments", daemon=True)

    def start(self) -> None:
        if self._seconds > 0:
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def look(self) -> None:
        """Takes over what the log says now; does nothing while it is not open."""
        log = self._log()
        if log is None:
            return
        try:
            self._arms.follow(log.live_experiment())
            self._is_away = False
        except (TierwiseError, KeyError, TypeError, ValueError) as error:
            if not self._is_away:
                _LOGGER.warning("the live experiment cannot be read, the last one goes on: %s", type(error).__name__)
            self._is_away = True

    def _run(self) -> None:
        while not self._stop.wait(min(self._seconds, 0.2) if self._log() is None else self._seconds):
            self.look()
