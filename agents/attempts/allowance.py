"""What a run may still spend: money and time, shared by everything that runs under it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tierwise.data.errors import TierwiseError


class AllowanceError(TierwiseError):
    """There is no money or no time left for a call; ``code`` is ``budget`` or ``deadline``."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Reservation:
    """Money set aside for one call; ``cost_usd`` is what it came to, None while nobody knows."""

    estimate_usd: float
    cost_usd: float | None = None


class Allowance:
    """``budget_usd`` and ``deadline_seconds`` from now; None is without limit.

    A call sets its highest price aside before it starts, so that calls running side by side cannot overspend
    together. A call whose cost stays unknown counts with its estimate. What is spent is spent from the allowance that
    it lies ``within`` as well, which several may share. For one event loop.
    """

    def __init__(
        self,
        budget_usd: float | None = None,
        deadline_seconds: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        within: "Allowance | None" = None,
    ) -> None:
        self.within = within
        self.budget_usd = budget_usd
        self.spent_usd = 0.0
        self._reserved_usd = 0.0
        self._clock = clock
        self._ends_at = None if deadline_seconds is None else clock() + deadline_seconds

    @property
    def left_usd(self) -> float | None:
        """What is neither spent nor set aside; None without a limit."""
        around = None if self.within is None else self.within.left_usd
        if self.budget_usd is None:
            return around
        own = self.budget_usd - self.spent_usd - self._reserved_usd
        return own if around is None else min(own, around)

    @property
    def used_usd(self) -> float:
        """What is spent here, and what is set aside for calls under way."""
        return self.spent_usd + self._reserved_usd

    @property
    def left_seconds(self) -> float:
        around = float("inf") if self.within is None else self.within.left_seconds
        return around if self._ends_at is None else min(around, self._ends_at - self._clock())

    def affords(self, estimate_usd: float) -> bool:
        """Whether a call at this price may start."""
        return self.left_usd is None or estimate_usd <= self.left_usd

    def check_time(self) -> None:
        """Raises ``AllowanceError`` when the deadline has passed."""
        if self.left_seconds <= 0:
            raise AllowanceError("deadline", "the deadline has passed")

    @contextmanager
    def reserve(self, estimate_usd: float) -> Iterator[Reservation]:
        """Sets money aside for a call. Raises ``AllowanceError`` when it is not there."""
        if not self.affords(estimate_usd):
            left = f"of {self._limit_usd:g} USD are {self.left_usd:.3g} left"
            raise AllowanceError("budget", f"the next call may cost {estimate_usd:.3g} USD, and {left}")
        reservation = Reservation(estimate_usd)
        shared = self._with_those_around()
        for one in shared:
            one._reserved_usd += estimate_usd
        try:
            yield reservation
        finally:
            cost_usd = estimate_usd if reservation.cost_usd is None else reservation.cost_usd
            for one in shared:
                one._reserved_usd -= estimate_usd
                one.spent_usd += cost_usd

    @property
    def _limit_usd(self) -> float:
        """The budget that leaves least."""
        limits = [one for one in self._with_those_around() if one.budget_usd is not None]
        least = min(limits, key=lambda one: (one.budget_usd or 0.0) - one.used_usd)
        return least.budget_usd or 0.0

    def _with_those_around(self) -> "list[Allowance]":
        return [self] if self.within is None else [self, *self.within._with_those_around()]
