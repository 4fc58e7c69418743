"""What weak labels recover: worlds of tasks whose every step is known, of which a learner sees how the tasks ended."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benchmarks.decisions.problem import Floats
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.training.evaluation.synthetic.ended_tasks import EndedTasks, end_tasks
from tierwise.training.evaluation.synthetic.task_worlds import TaskSteps, TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.chain_model import fit_chain_model
from tierwise.training.fitting.task_ends import TaskEnds
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.progress import Progress

N_STEPS, N_FRESH = 6_000, 6_000
_PARAMS = BoosterParams(n_rounds=120)
_ALL_RUN = (0.4, 0.3, 0.3)
_LIFT = (1.5, 2.5, 3.5)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of log: tasks of ``most_steps`` at most, or of so many each, on tiers as often as ``p_tier``."""

    name: str
    most_steps: int = 50
    is_equal: bool = False
    task_spread: float = 0.0
    tier_lift: tuple[float, ...] = _LIFT
    p_tier: tuple[float, ...] = _ALL_RUN
    p_unnoticed: float = 0.0
    p_spoiled: float = 0.0

    def draw(self, seed: int) -> tuple[EndedTasks, TaskSteps]:
        """A log, and fresh steps of the same world."""
        sizes: Any = "equal" if self.is_equal else "pareto"
        world = TaskWorld(
            World(seed=3 + seed), sizes, self.most_steps, task_spread=self.task_spread, tier_lift=self.tier_lift
        )
        ended = end_tasks(world, N_STEPS, seed, self.p_tier, self.p_unnoticed, self.p_spoiled)
        return ended, world.draw(N_FRESH, seed + 1_000)


KINDS = (
    Kind("1 to 50 steps a task"),
    Kind("20 steps a task", 20, is_equal=True, tier_lift=(3.0, 3.5, 4.0)),
    Kind("50 steps a task", 50, is_equal=True, tier_lift=(4.0, 4.5, 5.0)),
    Kind("steps share their task's luck", task_spread=1.0),
    Kind("the top tier never ran", p_tier=(0.6, 0.4, 0.0)),
    Kind("3 failing steps of 10 harm nobody", p_unnoticed=0.3),
    Kind("1 good task of 10 fails all the same", p_spoiled=0.1),
)


def measure_weak(n_seeds: int, progress: Progress) -> list[dict[str, Any]]:
    """A row a kind and way to label: mean over the draws of ordering, level and distance to the truth by tier."""
    progress("weak labels", len(KINDS) * n_seeds)
    rows = []
    for kind in KINDS:
        drawn: dict[str, list[dict[str, float]]] = {}
        for seed in range(n_seeds):
            ended, fresh = kind.draw(seed)
            for name, (success, ends) in labellings(ended).items():
                drawn.setdefault(name, []).append(_score(ended, success, ends, fresh))
            progress.step()
        rows += [{"kind": kind.name, "labels": name, **_mean(scores)} for name, scores in drawn.items()]
    return rows


def labellings(ended: EndedTasks) -> dict[str, tuple[Floats, TaskEnds | None]]:
    """Ways to learn from a log: own outcomes of all, none, or those of the first tenth of the steps."""
    own, nothing = ended.own(), ended.nothing()
    n_tasks = int(ended.task[-1]) + 1
    is_known = ended.task < n_tasks // 10
    tenth = np.where(is_known[:, None], own, np.nan)
    return {
        "own outcomes of all": (own, None),
        "weak labels": (nothing, ended.ends()),
        "the task's outcome copied": (ended.copied(), None),
        "own outcomes of a tenth": (tenth, None),
        "and weak labels, weight .5": (tenth, ended.ends(is_known, 0.5)),
        "and weak labels, weight 1": (tenth, ended.ends(is_known, 1.0)),
        "and the task's outcome copied": (np.where(is_known[:, None], own, ended.copied()), None),
    }


def _score(ended: EndedTasks, success: Floats, ends: TaskEnds | None, fresh: TaskSteps) -> dict[str, float]:
    """Means over the tiers."""
    fitted = fit_chain_model(_vectors(ended.drawn), success, np.ones(len(success)), _PARAMS, 0, ends)
    found = tier_probabilities(fitted.scores(_vectors(fresh))).p_success
    tiers = range(found.shape[1])
    return {
        "auc": float(np.mean([roc_auc_score(fresh.success[:, tier], found[:, tier]) for tier in tiers])),
        "calibration": float(np.mean([_calibration_error(found[:, t], fresh.success[:, t]) for t in tiers])),
        "distance": float(np.abs(found - fresh.steps.p_success).mean()),
    }


def _vectors(drawn: TaskSteps) -> np.ndarray:
    steps = drawn.steps
    types = np.eye(int(steps.task_type.max()) + 1)[steps.task_type]
    return np.column_stack([steps.features, steps.complexity, types]).astype(np.float32)


def _calibration_error(p: Floats, success: Floats, n_bins: int = 10) -> float:
    """The mean distance between what was predicted and what happened, over tenths of the predictions."""
    parts = np.array_split(np.argsort(p, kind="stable"), n_bins)
    return float(sum(len(part) * abs(p[part].mean() - success[part].mean()) for part in parts) / len(p))


def _mean(scores: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([score[name] for score in scores])) for name in scores[0]}
