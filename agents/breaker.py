"""A circuit breaker: what failed a few times in a row is left alone for a while, then tried once."""

import threading
from collections.abc import Callable


class CircuitBreaker:
    """Opens after ``n_failures`` in a row; each further failure doubles the pause up to ``max_pause_seconds``.

    After the pause one call is let through; its success closes the breaker. ``clock`` gives seconds, monotonic.
    Safe to share between threads.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        n_failures: int = 3,
        pause_seconds: float = 1.0,
        max_pause_seconds: float = 30.0,
    ) -> None:
        self._clock = clock
        self._n_failures = n_failures
        self._pause_seconds = pause_seconds
        self._max_pause_seconds = max_pause_seconds
        self._lock = threading.Lock()
        self._n_failed = 0
        self._blocked_until: float | None = None

    @property
    def is_open(self) -> bool:
        """Whether the last calls failed and none has succeeded since."""
        return self._blocked_until is not None

    def allows(self) -> bool:
        """Whether a call may be made now. While the breaker is open, one call a pause may."""
        with self._lock:
            if self._blocked_until is None:
                return True
            now = self._clock()
            if now < self._blocked_until:
                return False
            self._blocked_until = now + self._pause()  # nobody else tries until this call has had its chance
            return True

    def note_success(self) -> None:
        with self._lock:
            self._n_failed = 0
            self._blocked_until = None

    def note_failure(self) -> None:
        with self._lock:
            self._n_failed += 1
            if self._n_failed >= self._n_failures:
                self._blocked_until = self._clock() + self._pause()

    def _pause(self) -> float:
        doublings = min(20, max(0, self._n_failed - self._n_failures))
        return min(self._max_pause_seconds, self._pause_seconds * 2.0**doublings)
