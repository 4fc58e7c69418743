"""With a verifier: the learned start of every step against the best mix of plain cascades, on steps held out."""

from typing import Any

import numpy as np

from benchmarks.decisions.answers import Answers, Cache
from benchmarks.decisions.cascading.plain_cascades import best_success, least_cost, plain_cascades
from benchmarks.decisions.contest import answer_fold
from benchmarks.decisions.contestants.learned import LearnedRouter
from benchmarks.decisions.problem import Floats, Problem
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.cascades.escalation import escalate
from tierwise.training.evaluation.outcomes import FullOutcomes
from tierwise.training.progress import Progress

CATCH_RATES = (0.5, 0.8, 1.0)
_UNITS = ("relative", "dollars")


def measure_escalating(
    problem: Problem, router: LearnedRouter, n_folds: int, cache: Cache, bootstrap: Bootstrap, progress: Progress
) -> dict[str, Any]:
    """Folds by group; ``router`` names its starts for its own catch rates."""
    folds = problem.folds(n_folds, 0)
    progress(f"{problem.name}: folds", len(folds))
    parts = []
    for fold in folds:
        parts.append(answer_fold(router, fold, cache))
        progress.step()
    answers = Answers.pooled(parts, [fold.test for fold in folds])
    outcomes = problem.outcomes()
    starts = answers.starts[outcomes.rows]
    return {
        "log": problem.name,
        "n_steps": len(outcomes),
        "tiers": list(problem.catalogue.names),
        "rates": [
            {"catch_rate": rate, **_at_rate(outcomes, starts[:, column], rate, problem.catalogue.names, bootstrap)}
            for column, rate in enumerate(router.catch_rates)
        ],
    }


def _at_rate(
    outcomes: FullOutcomes, start: np.ndarray, rate: float, tier_names: tuple[str, ...], bootstrap: Bootstrap
) -> dict[str, Any]:
    """Sums of success and of both kinds of cost, of the learned start (first) and of every plain cascade."""
    plain = plain_cascades(outcomes.n_tiers)
    learned = escalate(outcomes.success, outcomes.cost_usd, start, rate)
    runs = [(learned.p_success, learned.cost_usd)]
    runs += [one.run(outcomes.success, outcomes.cost_usd, rate) for one in plain]
    cost_top = outcomes.cost_usd[:, -1]
    columns = [column for success, cost in runs for column in (success, cost / cost_top, cost)]
    ones = np.ones(len(outcomes))
    everything = np.column_stack([ones, outcomes.success[:, -1], ones, cost_top, *columns])
    totals = bootstrap.sums(everything * outcomes.weights[:, None], outcomes.groups)
    weight, top_success = totals[:, 0], totals[:, 1]
    top_cost = {"relative": totals[:, 2], "dollars": totals[:, 3]}
    by_run = totals[:, 4:].reshape(len(totals), len(runs), 3)
    success = by_run[:, :, 0] / weight[:, None]
    loss = 1 - by_run[:, :, 0] / top_success[:, None]
    cost = {unit: by_run[:, :, 1 + i] / top_cost[unit][:, None] for i, unit in enumerate(_UNITS)}
    names = ["learned start", *(one.named(tier_names) for one in plain)]

    def estimated(values: Floats) -> dict[str, Any]:
        return bootstrap.estimate(values, len(outcomes), outcomes.n_effective).to_dict()

    return {
        "runs": [
            {
                "name": name,
                "success": estimated(success[:, run]),
                "loss": estimated(loss[:, run]),
                **{f"saving_{unit}": estimated(1 - cost[unit][:, run]) for unit in _UNITS},
            }
            for run, name in enumerate(names)
        ],
        "differences": {unit: {
            "success_at_equal_cost": estimated(_success_above_mix(cost[unit], success)),
            "saving_at_equal_success": estimated(_cost_below_mix(cost[unit], success)),
        } for unit in _UNITS},
    }  # fmt: skip


def _success_above_mix(cost: Floats, success: Floats) -> Floats:
    """Of run 0 over the best mix of the others at its cost; ``cost`` and ``success`` float64 [draws, runs]."""
    pairs = zip(cost, success, strict=True)
    return np.array([s[0] - best_success(c[1:], s[1:], float(c[0])) for c, s in pairs])


def _cost_below_mix(cost: Floats, success: Floats) -> Floats:
    """What the cheapest mix that succeeds as often as run 0 costs more than it, as a share of the top tier's cost."""
    pairs = zip(cost, success, strict=True)
    return np.array([least_cost(c[1:], s[1:], float(s[0])) - c[0] for c, s in pairs])
