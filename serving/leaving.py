"""SIGTERM means: leave in good order. First say so, so that nobody sends more; then stop answering."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Leaving:
    """Whether this process is about to stop; ``/readyz`` tells."""

    def __init__(self) -> None:
        self._has_begun = threading.Event()

    @property
    def has_begun(self) -> bool:
        return self._has_begun.is_set()

    def begin(self) -> bool:
        """Whether it had not begun before."""
        is_first = not self._has_begun.is_set()
        self._has_begun.set()
        return is_first


@contextmanager
def leave_on_terminate(leaving: Leaving, seconds: float) -> Iterator[None]:
    """On SIGTERM begins to leave, and ``seconds`` later lets the server stop; a second SIGTERM stops it at once.

    Where signals cannot be had, does nothing.
    """
    stop: Any = signal.getsignal(signal.SIGTERM)

    def leave(number: int, frame: Any) -> None:
        if leaving.begin() and seconds > 0:
            timer = threading.Timer(seconds, stop, (number, frame))
            timer.daemon = True
            timer.start()
        else:
            stop(number, frame)

    if not callable(stop) or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGTERM, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, stop)
