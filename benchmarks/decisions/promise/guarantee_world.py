"""One world: a router trained on its log as a user would, and what its decisions on fresh steps really lose."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.promise.guarantee_kinds import Kind
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.decision_arrays import decision_arrays
from tierwise.training.evaluation.synthetic.task_worlds import FreshSteps
from tierwise.training.evaluation.synthetic.world_logs import world_step
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import TrainedRouter, train_router

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

QUALITY_LOSSES = (0.03, 0.1)
CATCH_RATE = 0.8
N_FRESH = 1200
LIGHT = TrainConfig(
    n_folds=3,
    n_repeats=1,
    n_components=0,
    confidence=0.9,
    booster=BoosterParams(n_rounds=40, learning_rate=0.1, num_leaves=7),
)
_PRICED = {"input_usd_per_mtok": 0.1, "output_usd_per_mtok": 0.6}
CATALOGUE = TierCatalogue.from_mapping(
    {
        "tiers": [
            {"name": name, "models": [{"name": f"world-{name}"} | {k: v * 6.0**i for k, v in _PRICED.items()}]}
            for i, name in enumerate(("small", "mid", "frontier"))
        ]
    }
)
"""With prices, so that a tier that never ran has a cost at all."""
_COST_WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-3, 1e2, 240)])


@dataclass(frozen=True, slots=True)
class Worth:
    """True expectations over steps against the top tier alone: ``loss`` of success, ``saving`` as the mean of what
    each step saves of its own top-tier cost, ``saving_usd`` of the sum of costs."""

    loss: float
    saving: float
    saving_usd: float

    @classmethod
    def of(
        cls, fresh: FreshSteps, p_success: Floats, cost_usd: Floats, rows: NDArray[np.bool_] | None = None
    ) -> "Worth":
        """Of operating with ``p_success`` and ``cost_usd`` float64 [n] on the steps of ``rows``, or on all."""
        rows = np.ones(len(fresh), dtype=np.bool_) if rows is None else rows
        p_top, cost_top = fresh.steps.p_success[rows, -1], fresh.steps.expected_cost_usd[rows, -1]
        p_success, cost_usd = p_success[rows], cost_usd[rows]
        return cls(
            float(1 - p_success.mean() / p_top.mean()),
            float(1 - (cost_usd / cost_top).mean()),
            float(1 - cost_usd.mean() / cost_top.mean()),
        )


def measure_world(kind: Kind, seed: int, config: TrainConfig = LIGHT, n_steps: int = 0) -> dict[str, Any]:
    """A line of the store: what was certified, what is true, and what true probabilities would allow."""
    world = kind.draw_world(seed)
    log = kind.draw_log(world, CATALOGUE.names, n_steps)
    fresh = world.fresh(N_FRESH, seed=2)
    about: dict[str, Any] = {"kind": kind.name, "seed": seed, "n_steps": len(log), **_tasks(log)}
    try:
        trained = train_router(log, CATALOGUE, config)
    except TrainingError as error:
        return about | {"refused": str(error)}
    steps = [world_step(fresh.steps, row) for row in range(len(fresh))]
    router = trained.router()
    about["targets"] = {}
    for target in QUALITY_LOSSES:
        decisions = router.decide_many(steps, DecideOptions(max_quality_loss=target))
        about["targets"][str(target)] = _judged(
            fresh, decision_arrays(decisions, CATALOGUE).chosen, target
        ) | certified(trained, target)
        about["p_unfamiliar"] = float(np.mean([decision.is_unfamiliar for decision in decisions]))
    options = DecideOptions(max_quality_loss=QUALITY_LOSSES[0], catch_rate=CATCH_RATE)
    starts = decision_arrays(router.decide_many(steps, options), CATALOGUE).chosen
    return about | {"cascade": _cascade(fresh, starts), "parts": _parts(log)}


def certified(trained: TrainedRouter, target: float) -> dict[str, Any]:
    """What the training promised for a tolerated loss: the only place that reads it."""
    point = trained.parts.policy.certified(target)
    is_supported = point.cost_weight is not None
    return {"is_supported": is_supported, "certified_saving": point.saving, "certified_loss": point.loss}


def oracle(fresh: FreshSteps, target: float, by_part: bool) -> Rows:
    """The choice with the largest saving among those that lose at most ``target``, on the whole or on every task type,
    made with the true probabilities: the highest ``p_success - weight * cost / cost_top``. int64 [n]"""
    parts = fresh.steps.task_type if by_part else np.zeros(len(fresh), dtype=np.int64)
    chosen = np.zeros(len(fresh), dtype=np.int64)
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        p_success, cost_usd = fresh.steps.p_success[rows], fresh.steps.expected_cost_usd[rows]
        chosen[rows] = _cheapest_within(p_success, cost_usd / cost_usd[:, [-1]], target)
    return chosen


def _cheapest_within(p_success: Floats, relative_cost: Floats, target: float) -> Rows:
    each = np.arange(len(p_success))
    best, best_cost = np.full(len(each), p_success.shape[1] - 1, dtype=np.int64), 1.0
    for weight in _COST_WEIGHTS:
        chosen = (p_success - weight * relative_cost).argmax(axis=1).astype(np.int64)
        cost = float(relative_cost[each, chosen].mean())
        if 1 - p_success[each, chosen].mean() / p_success[:, -1].mean() <= target and cost < best_cost:
            best, best_cost = chosen, cost
    return best


def _judged(fresh: FreshSteps, chosen: Rows, target: float) -> dict[str, Any]:
    whole = _worth(fresh, chosen)
    types = fresh.steps.task_type
    by_type = {f"type-{part}": _worth(fresh, chosen, types == part).loss for part in np.unique(types).tolist()}
    return {
        "loss": whole.loss,
        "saving": whole.saving,
        "saving_usd": whole.saving_usd,
        "oracle_saving": _worth(fresh, oracle(fresh, target, by_part=False)).saving,
        "oracle_saving_by_part": _worth(fresh, oracle(fresh, target, by_part=True)).saving,
        "loss_by_type": by_type,
    }


def _worth(fresh: FreshSteps, chosen: Rows, rows: NDArray[np.bool_] | None = None) -> Worth:
    each = np.arange(len(fresh))
    return Worth.of(fresh, fresh.steps.p_success[each, chosen], fresh.steps.expected_cost_usd[each, chosen], rows)


def _cascade(fresh: FreshSteps, starts: Rows) -> dict[str, Any]:
    """The chosen starts beside the same start everywhere."""
    found = Worth.of(fresh, *fresh.cascade(starts, CATCH_RATE))
    plain = [
        Worth.of(fresh, *fresh.cascade(np.full(len(fresh), tier, dtype=np.int64), CATCH_RATE))
        for tier in range(len(CATALOGUE))
    ]
    return {
        "loss": found.loss,
        "saving": found.saving,
        "plain_losses": [one.loss for one in plain],
        "plain_savings": [one.saving for one in plain],
    }


def _tasks(log: Sequence[LoggedStep]) -> Mapping[str, float]:
    sizes = np.unique([logged.task_id or logged.step_id for logged in log], return_counts=True)[1]
    return {"n_tasks": len(sizes), "n_effective_tasks": float(sizes.sum() ** 2 / (sizes**2).sum())}


def _parts(log: Sequence[LoggedStep]) -> dict[str, dict[str, int]]:
    """By task type: its steps and its tasks in the log."""
    types = sorted({logged.step.task_type or "" for logged in log})
    own = {name: [logged for logged in log if logged.step.task_type == name] for name in types}
    return {
        name: {"n_steps": len(steps), "n_tasks": len({logged.task_id for logged in steps})}
        for name, steps in own.items()
    }
