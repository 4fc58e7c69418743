"""Many synthetic experiments, each looked at after every task: how often are the promises broken?"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.training.evaluation.experiments.arm_pair import ArmPair, CostOfPair, share_difference
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence
from tierwise.training.evaluation.experiments.sample_ratio import LEVEL, running_log_factor
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks
from tierwise.training.evaluation.experiments.verdict import Design
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld


@dataclass(frozen=True, slots=True)
class PeekingResult:
    """Shares of ``n_experiments`` experiments of ``n_tasks`` tasks.

    ``ever_missed_success``, ``ever_missed_cost`` and ``ever_missed_either``: some look's interval did not hold the true
    difference of success, the true ratio of costs up to the cap, one of the two. ``ever_cheaper``, ``ever_dearer``:
    some look's interval of the cost lay on one side of 0. ``ever_won``, ``ever_lost``: some look would have ended in
    that verdict; ``seeds_won`` tells in which experiments. ``ever_broken``: some look called the (correct) shares of
    tasks broken. ``n_tasks_to_win`` is the median over the experiments that were won, NaN when none was;
    ``mean_variance_left`` what the adjustment leaves.
    """

    n_experiments: int
    n_tasks: int
    ever_missed_success: float
    ever_missed_cost: float
    ever_missed_either: float
    ever_cheaper: float
    ever_dearer: float
    ever_won: float
    ever_lost: float
    ever_broken: float
    n_tasks_to_win: float
    mean_variance_left: float
    seeds_won: tuple[int, ...]

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Watched:
    """One experiment, looked at after every task."""

    missed_success: bool
    missed_cost: bool
    cheaper: bool
    dearer: bool
    won_at: int | None
    lost: bool
    broken: bool
    variance_left: float


def peek_constantly(
    world: ExperimentWorld,
    question: Design,
    n_experiments: int,
    n_tasks: int,
    on_experiment: Callable[[], None] = lambda: None,
) -> PeekingResult:
    """Runs the experiments and looks at each after every single task."""
    difference, ratio = world.true_success_difference(), world.true_cost_ratio()
    found = []
    for seed in range(n_experiments):
        found.append(watch(world.draw(n_tasks, seed), question, difference, ratio))
        on_experiment()

    def share(of: Callable[[Watched], bool]) -> float:
        return sum(map(of, found)) / max(1, n_experiments)

    won_at = [each.won_at for each in found if each.won_at is not None]
    return PeekingResult(
        n_experiments=n_experiments,
        n_tasks=n_tasks,
        ever_missed_success=share(lambda each: each.missed_success),
        ever_missed_cost=share(lambda each: each.missed_cost),
        ever_missed_either=share(lambda each: each.missed_success or each.missed_cost),
        ever_cheaper=share(lambda each: each.cheaper),
        ever_dearer=share(lambda each: each.dearer),
        ever_won=share(lambda each: each.won_at is not None),
        ever_lost=share(lambda each: each.lost),
        ever_broken=share(lambda each: each.broken),
        n_tasks_to_win=float(np.median(won_at)) if won_at else float("nan"),
        mean_variance_left=float(np.mean([each.variance_left for each in found])),
        seeds_won=tuple(seed for seed, each in enumerate(found) if each.won_at is not None),
    )


def watch(tasks: ExperimentTasks, question: Design, difference: float, cost_ratio: float) -> Watched:
    """Looks at one experiment, whose true effects are known, after every task."""
    pair, alpha = ArmPair.of(tasks, 1), question.interval_alpha(2)
    adjusted, cost = pair.adjusted("success"), pair.cost(alpha)
    success = share_difference(adjusted, alpha)
    is_judged = _is_judged(tasks.arm, question.min_tasks)
    won, lost = (verdict & is_judged for verdict in _running_verdicts(success, cost, question.margin))

    def ever(found: NDArray[np.bool_]) -> bool:
        return bool((found & is_judged).any())

    return Watched(
        missed_success=ever(success.is_above(difference) | success.is_below(difference)),
        missed_cost=ever(cost.ratio.is_above(cost_ratio) | cost.ratio.is_below(cost_ratio)),
        cheaper=ever(cost.difference.is_below(0.0)),
        dearer=ever(cost.difference.is_above(0.0)),
        won_at=int(won.argmax()) if won.any() else None,
        lost=bool(lost.any()),
        broken=bool(running_log_factor(tasks.arm, tasks.p_arms).max() > -np.log(LEVEL)),
        variance_left=pair.variance_left("success", adjusted),
    )


def _is_judged(arm: NDArray[np.int64], min_tasks: int) -> NDArray[np.bool_]:
    n_treated = np.cumsum(arm == 1)
    return np.asarray(np.minimum(n_treated, np.arange(1, len(arm) + 1) - n_treated) >= min_tasks)


def _running_verdicts(
    success: ConfidenceSequence, cost: CostOfPair, margin: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """bool [n] each: the look after every task would have said win, or loss."""
    lost = success.is_below(-margin) | (cost.difference.is_above(0.0) & success.is_below(margin))
    is_cheaper = cost.difference.is_below(0.0) & ~cost.wide_difference.is_above(0.0)
    won = (success.is_above(-margin) & is_cheaper) | success.is_above(margin)
    return won & ~lost, lost
