"""The monitor: does "at most ``max_quality_loss`` of the top tier's success is lost" still hold in production?

A decision's loss is ``(1 - m) * top - picked``, which has a mean of 0 or less while the promise holds. Losses are
summed by task, because steps of one task are not independent; a task of more than ``MOST_STEPS`` steps counts as that
many, so that none outweighs all others. Two gamblers, one on each reading of the evidence, share the stakes: their
wealth together is an e-process too. The alarm is raised once it has ever reached ``1 / (1 - confidence)``. The interval
is that of all tasks together: after a change it lies between what was and what is.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.evidence import Pair, Shown, show, show_accepted, show_same
from tierwise.router_model.monitor.wealth import Floats, last_log_wealth, mixed, running_log_wealth

CONFIDENCE = 0.95
MOST_STEPS = 20.0

ACCEPTED = "accepted"
"""The target of the watch over answers that courses accepted: that they are the top tier's."""

_SHOW: Mapping[str, Callable[[LoggedStep, Sequence[str]], Shown | None]] = {
    "success": show,
    "same-answer": show_same,
    ACCEPTED: show_accepted,
}
_N_HALVINGS = 14
_READINGS = 4  # low, high, drawn low, drawn high


@dataclass(frozen=True, slots=True)
class PromiseState:
    """What the monitor knows: each end of ``lower..upper``, the relative loss, holds at ``confidence`` at every look.

    ``since`` and ``until`` are the first and last decision that speak, seconds since the epoch, None without any.
    ``broken_after`` is the number of tasks after which the alarm was raised, None while it was not.
    """

    max_quality_loss: float
    confidence: float
    n_decisions: int
    n_tasks: int
    lower: float
    upper: float
    evidence_against: float
    since: float | None = None
    until: float | None = None
    broken_after: int | None = None

    @property
    def is_broken(self) -> bool:
        return self.broken_after is not None

    @property
    def verdict(self) -> str:
        """In words, for people."""
        if not self.n_tasks:
            return "nothing known yet"
        if self.is_broken:
            return "broken"
        return "holds" if self.upper <= self.max_quality_loss else "no sign against it"


class PromiseMonitor:
    """Takes decisions as they settle, in the order of their time, and tells at any moment how the promise stands."""

    def __init__(
        self,
        tiers: Sequence[str],
        max_quality_loss: float,
        confidence: float = CONFIDENCE,
        target: str = "success",
    ) -> None:
        self._show = _SHOW[target]
        self._tiers = tuple(tiers)
        self._loss = max_quality_loss
        self._confidence = confidence
        self._rows: dict[str, int] = {}
        self._sums: list[list[float]] = []
        self._n_decisions = 0
        self._p_pick = 1.0
        self._p_drawn = 1.0
        self._since: float | None = None
        self._until: float | None = None

    def take(self, steps: Iterable[LoggedStep]) -> int:
        """Adds decisions and returns how many of them speak."""
        shown = [found for step in steps if (found := self._show(step, self._tiers)) is not None]
        for each in shown:
            self._add(each)
        return len(shown)

    def state(self) -> PromiseState:
        """How the promise stands now."""
        if not self._sums:
            return PromiseState(self._loss, self._confidence, 0, 0, -1.0, 1.0, 0.0)
        tasks = _Tasks(np.array(self._sums), self._p_pick, self._p_drawn)
        wealth = tasks.log_wealth(self._loss)
        wall = -np.log1p(-self._confidence)
        crossed = np.flatnonzero(wealth >= wall)
        lower, upper = tasks.interval(wall)
        return PromiseState(
            self._loss,
            self._confidence,
            self._n_decisions,
            len(self._sums),
            lower,
            upper,
            evidence_against=float(min(1.0, max(0.0, wealth.max() / wall))),
            since=self._since,
            until=self._until,
            broken_after=int(crossed[0]) + 1 if len(crossed) else None,
        )

    def _add(self, each: Shown) -> None:
        row = self._rows.setdefault(each.task, len(self._rows))
        if row == len(self._sums):
            self._sums.append([0.0] * (1 + 2 * _READINGS))
        sums = self._sums[row]
        pairs: tuple[Pair, ...] = (each.low, each.high, each.drawn_low, each.drawn_high)
        for column, value in enumerate((1.0, *(value for pair in pairs for value in pair))):
            sums[column] += value
        self._n_decisions += 1
        self._p_drawn = min(self._p_drawn, each.p_ran)
        if not each.is_explored:  # the escalated reading divides by the chance of the pick alone
            self._p_pick = min(self._p_pick, each.p_ran)
        self._since = each.at if self._since is None else min(self._since, each.at)
        self._until = each.at if self._until is None else max(self._until, each.at)


class _Tasks:
    """Sums by task, float64 [n, 9]: steps, then picked and top of each reading; and the least propensities in them."""

    def __init__(self, sums: Floats, p_pick: float, p_drawn: float) -> None:
        n_steps = sums[:, 0]
        weight = np.minimum(1.0, MOST_STEPS / n_steps)
        self._counted = np.minimum(n_steps, MOST_STEPS)
        self._readings = (sums[:, 1:] * weight[:, None]).reshape(len(sums), _READINGS, 2)
        self._p_pick = p_pick
        self._p_drawn = p_drawn

    def log_wealth(self, loss: float) -> Floats:
        """float64 [n]: after each task, of the bet that more than ``loss`` is lost; unknown outcomes speak against."""
        wealths = np.stack([running_log_wealth(*each) for each in self._bets(loss, 1)])
        return mixed(wealths, np.full(len(wealths), -np.log(len(wealths))))

    def interval(self, wall: float) -> tuple[float, float]:
        """The losses that cannot be ruled out by all tasks together, found by halving."""
        return self._end(wall, 1), self._end(wall, -1)

    def _end(self, wall: float, sign: int) -> float:
        ruled_out, open_ = (-1.0, 1.0) if sign > 0 else (1.0, -1.0)
        for _ in range(_N_HALVINGS):
            middle = (ruled_out + open_) / 2
            if self._is_ruled_out(middle, sign, wall):
                ruled_out = middle
            else:
                open_ = middle
        return ruled_out

    def _is_ruled_out(self, loss: float, sign: int, wall: float) -> bool:
        wealths = np.array([[last_log_wealth(*each)] for each in self._bets(loss, sign)])
        return bool(mixed(wealths, np.full(len(wealths), -np.log(len(wealths))))[0] >= wall)

    def _bets(self, loss: float, sign: int) -> list[tuple[Floats, Floats]]:
        """Terms and their worst in each reading, of the bet that more is lost than ``loss`` (1), or less (-1)."""
        bets = []
        for reading, worst in enumerate(self._worst(loss, sign)):
            picked, top = self._readings[:, 2 * reading + (sign < 0)].T
            bets.append((sign * ((1 - loss) * top - picked), self._counted * worst))
        return bets

    def _worst(self, loss: float, sign: int) -> list[float]:
        """How far below 0 a step's term can fall in each reading; the drawn one is there where something was drawn."""
        escalated = (2 - loss) / self._p_pick - (1 - loss if sign > 0 else 1.0)
        return [escalated] if self._p_drawn == 1 else [escalated, max(1.0, 1 - loss) / self._p_drawn]
