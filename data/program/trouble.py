"""Trouble that repeats: told when it begins, then now and then with a count; never as a flood, never with a prompt."""

import logging
import threading
import time
from collections.abc import Callable

PAUSE_SECONDS = 60.0
_MAX_KINDS = 1_000


def where_raised(error: BaseException) -> str:
    """The kind of an error and the innermost line that raised it, without its message, which may quote a prompt."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"


class TroubleLog:
    """Logs each kind of trouble at most once a ``pause_seconds``, with how often it came since. Any thread may tell."""

    def __init__(
        self,
        logger: logging.Logger,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logger = logger
        self._pause_seconds = pause_seconds
        self._clock = clock
        self._silent_until: dict[str, float] = {}
        self._n_silent: dict[str, int] = {}
        self._lock = threading.Lock()

    def tell(self, what: str, error: BaseException, level: int = logging.ERROR) -> None:
        """``what`` went wrong; the kind of trouble is that text with the kind and place of ``error``."""
        kind = f"{what}: {where_raised(error)}"
        now = self._clock()
        with self._lock:
            if now < self._silent_until.get(kind, 0.0):
                self._n_silent[kind] += 1
                return
            if len(self._silent_until) >= _MAX_KINDS:
                self._silent_until.clear()
                self._n_silent.clear()
            n_silent = self._n_silent.get(kind, 0)
            self._silent_until[kind], self._n_silent[kind] = now + self._pause_seconds, 0
        self._logger.log(level, "%s%s", kind, f" ({n_silent} times more since this was last told)" if n_silent else "")
