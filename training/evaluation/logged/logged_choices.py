"""What a production log says about the tier that was chosen: the choice, its outcome, its propensity."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.outcomes import group_codes


@dataclass(frozen=True, slots=True, eq=False)
class LoggedChoices:
    """One choice for each of ``n`` logged steps on ``k`` tiers. Of an escalation, the first attempt is the choice.

    ``chosen``      int64 [n], the tier; -1 where the log does not say
    ``success``     float64 [n] in {0, 1, NaN unknown}; ``cost_usd`` float64 [n], NaN unknown
    ``propensity``  float64 [n] in (0, 1], the probability with which ``chosen`` was chosen; NaN not recorded
    ``groups``      int64 [n], codes from 0: tasks or questions whose steps depend on each other
    ``is_estimated``  bool [n]: the propensity was not recorded but estimated
    """

    chosen: NDArray[np.int64]
    success: FloatArray
    cost_usd: FloatArray
    propensity: FloatArray
    groups: NDArray[np.int64]
    is_estimated: NDArray[np.bool_]
    n_tiers: int

    def __post_init__(self) -> None:
        columns = (self.chosen, self.success, self.cost_usd, self.propensity, self.groups, self.is_estimated)
        lengths = {len(column) for column in columns}
        if len(lengths) != 1:
            raise EvaluationError(f"logged choices have columns of {sorted(lengths)} rows; one row a step is needed")
        known = self.propensity[~np.isnan(self.propensity)]
        if ((known <= 0) | (known > 1)).any():
            raise EvaluationError("a logged propensity is not above 0 and up to 1; use NaN where it was not recorded")

    def __len__(self) -> int:
        return len(self.chosen)

    def take(self, rows: NDArray[np.int64]) -> "LoggedChoices":
        return LoggedChoices(
            self.chosen[rows],
            self.success[rows],
            self.cost_usd[rows],
            self.propensity[rows],
            group_codes(self.groups[rows], len(rows)),
            self.is_estimated[rows],
            self.n_tiers,
        )


def logged_choices(
    steps: Sequence[LoggedStep], tier_names: Sequence[str], groups: Sequence[str | None] | None = None
) -> LoggedChoices:
    """Reads the first attempt of each step.

    A recorded propensity belongs to the tier that was decided: where the first attempt ran on another tier it says
    nothing and is dropped. Where some steps of a log carry a decision, those without were run for another reason (to
    collect labels, say) and are no choices of its policy. Without ``groups``, steps of one unit of
    :func:`tierwise.data.drawing.splits.split_unit` are one group.
    """
    index = {name: tier for tier, name in enumerate(tier_names)}
    has_decisions = any(logged.decision is not None for logged in steps)
    chosen = np.full(len(steps), -1, dtype=np.int64)
    success, cost_usd, propensity = (np.full(len(steps), np.nan) for _ in range(3))
    for row, logged in enumerate(steps):
        is_choice = logged.decision is not None or not has_decisions
        if not is_choice or not logged.attempts or logged.attempts[0].tier not in index:
            continue
        first = logged.attempts[0]
        chosen[row] = index[first.tier]
        success[row] = np.nan if first.success is None else float(first.success)
        cost_usd[row] = np.nan if first.cost_usd is None else first.cost_usd
        propensity[row] = _propensity(logged)
    labels = [split_unit(logged) for logged in steps] if groups is None else list(groups)
    codes = group_codes(labels, len(steps))
    is_estimated = np.zeros(len(steps), dtype=np.bool_)
    return LoggedChoices(chosen, success, cost_usd, propensity, codes, is_estimated, len(tier_names))


def _propensity(logged: LoggedStep) -> float:
    decision = logged.decision
    if decision is None or decision.propensity is None or decision.tier not in (None, logged.attempts[0].tier):
        return float("nan")
    return decision.propensity
