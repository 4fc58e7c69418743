"""Follows the experiment that the decision log says is live, on a thread of its own."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from tierwise.data.errors import TierwiseError
from tierwise.data.program.trouble import TroubleLog
from tierwise.serving.deciding.arms import Arms
from tierwise.serving.periodic import Periodic

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

SOON_SECONDS = 0.2  # a log that is not open yet will be

_LOGGER = logging.getLogger(__name__)


class ExperimentWatcher(Periodic):
    """Asks the log every ``seconds`` (0: never). While the log is away, the experiment known last goes on."""

    def __init__(self, log: Callable[[], DecisionLog | None], arms: Arms, seconds: float) -> None:
        super().__init__("experiments", min(seconds, SOON_SECONDS))
        self._log = log
        self._arms = arms
        self._seconds = seconds
        self._unreadable = TroubleLog(_LOGGER)

    def start(self) -> None:
        if self._seconds > 0:
            super().start()

    def look(self) -> None:
        """Takes over what the log says now; does nothing while it is not open."""
        log = self._log()
        if log is None:
            return
        try:
            self._arms.follow(log.live_experiment())
        except (TierwiseError, KeyError, TypeError, ValueError) as error:
            self._unreadable.tell("the live experiment cannot be read, the last one goes on", error, logging.WARNING)

    def work(self) -> float:
        self.look()
        return min(self._seconds, SOON_SECONDS) if self._log() is None else self._seconds
