"""Many synthetic experiments, each looked at after every task: how often are the promises broken?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.experiments.comparison import Comparison, compare_arms
from tierwise.training.evaluation.experiments.sample_ratio import LEVEL, running_log_factor
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks
from tierwise.training.evaluation.experiments.verdict import Question
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld


@dataclass(frozen=True, slots=True)
class PeekingResult:
    """Shares of ``n_experiments`` experiments of ``n_tasks`` tasks.

    ``ever_missed_success``, ``ever_missed_cost`` and ``ever_missed_either``: some look's interval did not hold the true
    difference of success, the true ratio of costs, one of the two. ``ever_won``, ``ever_lost``: some look would have
    ended in that verdict. ``ever_broken``: some look called the (correct) shares of tasks broken. ``n_tasks_to_win`` is
    the median over the experiments that were won, NaN when none was; ``mean_variance_left`` what the adjustment leaves.
    """

    n_experiments: int
    n_tasks: int
    ever_missed_success: float
    ever_missed_cost: float
    ever_missed_either: float
    ever_won: float
    ever_lost: float
    ever_broken: float
    n_tasks_to_win: float
    mean_variance_left: float

    def to_dict(self) -> dict[str, float]:
        return {name: getattr(self, name) for name in self.__slots__}


def peek_constantly(
    world: ExperimentWorld,
    question: Question,
    n_experiments: int,
    n_tasks: int,
    on_experiment: Callable[[], None] = lambda: None,
) -> PeekingResult:
    """Runs the experiments and looks at each after every single task."""
    truth = world.true_success_difference()
    rows = []
    for seed in range(n_experiments):
        rows.append(_watch(world.draw(n_tasks, seed), question, truth, world.cost_factor))
        on_experiment()
    found = np.array(rows)
    shares = found.mean(axis=0)
    won_at = found[:, 6][~np.isnan(found[:, 6])]
    return PeekingResult(
        n_experiments=n_experiments,
        n_tasks=n_tasks,
        ever_missed_success=float(shares[0]),
        ever_missed_cost=float(shares[1]),
        ever_missed_either=float(shares[2]),
        ever_won=float(shares[3]),
        ever_lost=float(shares[4]),
        ever_broken=float(shares[5]),
        n_tasks_to_win=float(np.median(won_at)) if len(won_at) else float("nan"),
        mean_variance_left=float(found[:, 7].mean()),
    )


def _watch(tasks: ExperimentTasks, question: Question, truth: float, cost_factor: float) -> list[float]:
    comparison = compare_arms(tasks, 1, question.boundary(2))
    is_judged = _is_judged(tasks.arm, question.min_tasks)
    success, ratio = comparison.success, comparison.cost_ratio
    missed_success = ((success.low > truth) | (success.high < truth))[is_judged]
    missed_cost = ((ratio.low > cost_factor) | (ratio.high < cost_factor))[is_judged]
    won, lost = (verdict & is_judged for verdict in _running_verdicts(comparison, question))
    is_broken = running_log_factor(tasks.arm, tasks.p_arms).max() > -np.log(LEVEL)
    return [
        float(missed_success.any()),
        float(missed_cost.any()),
        float((missed_success | missed_cost).any()),
        float(won.any()),
        float(lost.any()),
        float(is_broken),
        float(won.argmax()) if won.any() else float("nan"),
        comparison.variance_left,
    ]


def _is_judged(arm: NDArray[np.int64], min_tasks: int) -> NDArray[np.bool_]:
    n_treated = np.cumsum(arm == 1)
    return np.asarray(np.minimum(n_treated, np.arange(1, len(arm) + 1) - n_treated) >= min_tasks)


def _running_verdicts(comparison: Comparison, question: Question) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool [n] each: the look after every task would have said win, or loss."""
    success, cost, margin = comparison.success, comparison.cost_usd, question.margin
    lost = (success.high < -margin) | ((cost.low > 0) & (success.high < margin))
    won = ((success.low > -margin) & (cost.high < 0)) | (success.low > margin)
    return won & ~lost, lost
