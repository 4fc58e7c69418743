"""Work that a thread of its own does again and again, beside the requests."""

import logging
import threading
from abc import ABC, abstractmethod

from tierwise.data.program.trouble import TroubleLog

RETRY_SECONDS = 5.0
_STOP_SECONDS = 5.0

_LOGGER = logging.getLogger(__name__)


class Periodic(ABC):
    """A thread called ``name`` that calls ``work``: first after ``first_pause`` seconds, then after what it returns."""

    def __init__(self, name: str, first_pause: float | None) -> None:
        self._name = name
        self._first_pause = first_pause
        self._trouble = TroubleLog(_LOGGER)
        self._wake = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name=f"tierwise-{name}", daemon=True)

    @abstractmethod
    def work(self) -> float | None:
        """Does what there is to do; the seconds until it is to be called again, None for not before it is woken."""

    @property
    def is_stopping(self) -> bool:
        """Whether work that takes long should break off."""
        return self._is_stopping

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Works at once, on the thread. It costs next to nothing while the thread has not yet heard of it."""
        if not self._wake.is_set():
            self._wake.set()

    def stop(self) -> None:
        """Waits for work that is being done, but not for long."""
        self._is_stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    def _run(self) -> None:
        pause = self._first_pause
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._is_stopping:
                return
            try:
                pause = self.work()
            except Exception as error:  # a fault in one round must not be the end of all further ones
                self._trouble.tell(f"{self._name} failed", error)
                pause = RETRY_SECONDS
