"""What trajectory features are worth on the sample: trained and tested by task, the same folds with and without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import log_loss, roc_auc_score

from benchmarks.decisions.problem import Floats, Fold, Problem
from benchmarks.long_tasks.routers import CONFIG, TIERS, VIEWS, catalogue, sample_steps
from benchmarks.long_tasks.whole_tasks import Choice, measure_choices
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.rules import RulesRouter
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.cascades.escalation import escalate
from tierwise.training.evaluation.curve import Forecast, SkillTable, measure_skills
from tierwise.training.evaluation.decision_arrays import DecisionArrays, decision_arrays
from tierwise.training.progress import Progress
from tierwise.training.train import train_router

QUALITY_LOSSES = (0.03, 0.10, 0.20)
N_FOLDS = 5


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Decided by routers that saw no step of the task: ``p_success``, ``cost_usd`` float64 [n, k], ``chosen`` by the
    tolerated loss, int64 [n]."""

    p_success: Floats
    cost_usd: Floats
    chosen: Mapping[float, np.ndarray]

    @property
    def forecast(self) -> Forecast:
        return Forecast(self.p_success, self.cost_usd)


def measure_features(n_draws: int, bootstrap: Bootstrap, progress: Progress) -> dict[str, Any]:
    """AUC, log loss and skill of both views, and whole tasks by the way in which tiers are chosen."""
    problem = Problem.of("long tasks", sample_steps(), catalogue())
    progress("long tasks: folds", n_draws * N_FOLDS * len(VIEWS))
    draws: list[dict[str, HeldOut]] = []
    for seed in range(n_draws):
        folds = problem.folds(N_FOLDS, seed)
        draws.append({view: _held_out(problem, folds, view, progress) for view in VIEWS})
    tasks = sorted({each.task_id or "" for each in problem.steps})
    groups = np.array([tasks.index(each.task_id or "") for each in problem.steps])
    return {
        "n_steps": len(problem.steps),
        "n_tasks": len(tasks),
        "n_draws": n_draws,
        "n_folds": N_FOLDS,
        "rates": {tier: float(problem.success[:, i].mean()) for i, tier in enumerate(TIERS)},
        "tiers": [_of_tier(problem, draws, groups, i, bootstrap) for i in range(len(TIERS) - 1)],
        "skill": _skill(problem, draws, bootstrap),
        "tasks": measure_choices(_choices(problem, draws), groups, bootstrap),
    }


def _held_out(problem: Problem, folds: Sequence[Fold], view: str, progress: Progress) -> HeldOut:
    shape, see = problem.success.shape, VIEWS[view]
    p, cost = np.empty(shape), np.empty(shape)
    chosen = {loss: np.empty(shape[0], dtype=np.int64) for loss in QUALITY_LOSSES}
    for fold in folds:
        logged = [replace(each, step=see(each.step)) for each in fold.logged]
        router = train_router(logged, problem.catalogue, CONFIG).router()
        steps = [see(step) for step in fold.to_decide]
        found: DecisionArrays | None = None
        for loss in QUALITY_LOSSES:
            decisions = router.decide_many(steps, DecideOptions(max_quality_loss=loss))
            found = decision_arrays(decisions, problem.catalogue)
            chosen[loss][fold.test] = found.chosen
        assert found is not None
        p[fold.test], cost[fold.test] = found.p_success, found.expected_cost_usd
        progress.step()
    return HeldOut(p, cost, chosen)


def _of_tier(
    problem: Problem, draws: Sequence[Mapping[str, HeldOut]], groups: np.ndarray, tier: int, bootstrap: Bootstrap
) -> dict[str, Any]:
    """Both views on one tier; the difference has the standard error over draws, and an interval by task."""
    truth = problem.success[:, tier]
    auc = {view: [_auc(truth, draw[view].p_success[:, tier]) for draw in draws] for view in VIEWS}
    loss = {view: [float(log_loss(truth, draw[view].p_success[:, tier])) for draw in draws] for view in VIEWS}
    differences = np.subtract(auc["with"], auc["without"])

    def difference(weights: np.ndarray) -> float:
        return float(
            np.mean(
                [
                    _auc(truth, draw["with"].p_success[:, tier], weights)
                    - _auc(truth, draw["without"].p_success[:, tier], weights)
                    for draw in draws
                ]
            )
        )

    values = bootstrap.row_statistics(difference, np.ones(len(truth)), groups)
    interval = bootstrap.estimate(values, len(truth), len(set(groups)))
    return {
        "tier": TIERS[tier],
        "auc": {view: float(np.mean(found)) for view, found in auc.items()},
        "log_loss": {view: float(np.mean(found)) for view, found in loss.items()},
        "difference": float(differences.mean()),
        "standard_error": float(differences.std(ddof=1) / np.sqrt(len(draws))) if len(draws) > 1 else None,
        "interval": [interval.low, interval.high],
    }


def _skill(problem: Problem, draws: Sequence[Mapping[str, HeldOut]], bootstrap: Bootstrap) -> dict[str, Any]:
    tables = [
        measure_skills(problem.outcomes(), {view: draw[view].forecast for view in VIEWS}, bootstrap) for draw in draws
    ]
    found = [table for table in tables if isinstance(table, SkillTable)]
    paired = [table.differences["with", "without"] for table in found]
    return {
        **{view: float(np.mean([table.skills[view].skill.value for table in found])) for view in VIEWS},
        "difference": float(np.mean([each.value for each in paired])),
        "interval": [float(np.mean([each.low for each in paired])), float(np.mean([each.high for each in paired]))],
    }


def _choices(problem: Problem, draws: Sequence[Mapping[str, HeldOut]]) -> dict[str, Choice]:
    """What each way pays and gets, float64 [n] of both; of the routers the mean over the draws of the folds."""
    success, cost = problem.success, problem.cost_usd
    rules = RulesRouter(problem.catalogue)
    by_rules = np.array([TIERS.index(rules.decide(logged.step).tier) for logged in problem.steps])
    found = {f"always {tier}": [_single(success, cost, np.full(len(cost), i))] for i, tier in enumerate(TIERS)}
    found["rules"] = [_single(success, cost, by_rules)]
    for first in range(len(TIERS) - 1):
        found[f"cascade {', '.join(TIERS[first:])}"] = [_cascade(success, cost, first)]
    for view in VIEWS:
        for loss in QUALITY_LOSSES:
            name = f"router {view} trajectories, {loss:.0%}"
            found[name] = [_single(success, cost, draw[view].chosen[loss]) for draw in draws]
    return {
        name: Choice(np.array([a for a, _ in each]), np.array([b for _, b in each])) for name, each in found.items()
    }


def _single(success: Floats, cost: Floats, chosen: np.ndarray) -> tuple[Floats, Floats]:
    rows = np.arange(len(cost))
    return success[rows, chosen], cost[rows, chosen]


def _cascade(success: Floats, cost: Floats, first: int) -> tuple[Floats, Floats]:
    """From tier ``first`` upwards, with a verifier that knows."""
    ran = escalate(success, cost, np.full(len(cost), first))
    return ran.p_success, ran.cost_usd


def _auc(truth: Floats, p: Floats, weights: Floats | None = None) -> float:
    return float(roc_auc_score(truth, p, sample_weight=weights))
