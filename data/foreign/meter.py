"""A meter of work: what runs on foreign input pays for each step, and stops when nothing is left."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from tierwise.data.foreign.errors import UncheckableError
from tierwise.data.foreign.limits import MAX_CHECK_SECONDS, MAX_CHECK_STEPS, MAX_PATTERN_WORK


class Meter:
    """``n_steps`` of ordinary work, ``n_seconds`` of this thread's processor time, ``pattern_work`` for patterns.

    Steps make the end of hostile input the same everywhere; the time catches steps that are dearer than they look. It
    comes in two halves, so that one pause of the process, such as a collection of garbage, ends no check.
    """

    __slots__ = ("_ends_at", "_half_seconds", "_is_second_half", "_n_steps", "_pattern_work")

    def __init__(
        self,
        n_steps: int = MAX_CHECK_STEPS,
        n_seconds: float = MAX_CHECK_SECONDS,
        pattern_work: int = MAX_PATTERN_WORK,
    ) -> None:
        self._n_steps = n_steps
        self._pattern_work = pattern_work
        self._half_seconds = n_seconds / 2
        self._is_second_half = False
        self._ends_at = time.thread_time() + self._half_seconds

    def spend(self, n_steps: int = 1) -> None:
        """Raises ``UncheckableError`` when the allowance is used up."""
        self._n_steps -= n_steps
        if self._n_steps < 0 or (time.thread_time() > self._ends_at and not self._goes_on()):
            raise UncheckableError("the check takes more work than is allowed")

    def _goes_on(self) -> bool:
        """Begins the second half, once."""
        if self._is_second_half:
            return False
        self._is_second_half = True
        self._ends_at = time.thread_time() + self._half_seconds
        return True

    def spend_on_pattern(self, work: int) -> None:
        """Raises ``UncheckableError`` before a search that could take too long."""
        self._pattern_work -= work
        if self._pattern_work < 0:
            raise UncheckableError("the pattern takes more work than is allowed")


_CURRENT: ContextVar[Meter] = ContextVar("tierwise_meter")


@contextmanager
def metered(meter: Meter) -> Iterator[Meter]:
    """``meter`` is what :func:`current_meter` gives inside."""
    token = _CURRENT.set(meter)
    try:
        yield meter
    finally:
        _CURRENT.reset(token)


def current_meter() -> Meter:
    """The meter of the check that runs; a new one outside of any."""
    return _CURRENT.get(None) or Meter()
