"""Which decisions a rewording moves: one router, trained on steps as they were logged, decides them in other words."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.attacks.rewordings import AS_LOGGED, REWORDINGS, Reword
from benchmarks.decisions.problem import Fold, Problem
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import LoggedStep, Step
from tierwise.features.view import work_text
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.progress import Progress
from tierwise.training.train import train_router

N_DRAWS = 2_000
_LOOSE = 0.10
"""Asked for where at least half of the steps get the top tier."""


def measure_paraphrases(
    problem: Problem, folds: Sequence[Fold], max_quality_loss: float, config: TrainConfig, progress: Progress
) -> dict[str, Any]:
    """Each fold's held-out steps by the router of the others: a row a rewording, over all folds."""
    progress(f"{problem.name}: paraphrases", len(folds))
    tiers: dict[str, list[np.ndarray]] = {}
    changed: dict[str, list[np.ndarray]] = {}
    rows: list[np.ndarray] = []
    asked = max_quality_loss
    for number, fold in enumerate(folds):
        router = train_router(fold.logged, fold.catalogue, config).router()
        steps = [problem.steps[row].step for row in fold.test]
        if not number and (_tiers(router, steps, asked) == len(router.catalogue.names) - 1).mean() >= 0.5:
            asked = max(asked, _LOOSE)
        for name, found in {
            AS_LOGGED: steps,
            **{name: _reworded(steps, each) for name, each in REWORDINGS.items()},
        }.items():
            tiers.setdefault(name, []).append(_tiers(router, found, asked))
            changed.setdefault(name, []).append(
                np.array([new is not old for new, old in zip(found, steps, strict=True)])
            )
        rows.append(fold.test)
        progress.step()
    of_steps = np.concatenate(rows)
    before = np.concatenate(tiers[AS_LOGGED])
    draws = _draws([problem.steps[row] for row in of_steps])
    figures = [
        _row(name, np.concatenate(tiers[name]), before, np.concatenate(changed[name]), draws, problem, of_steps)
        for name in tiers
    ]
    return {"log": problem.name, "n_steps": len(of_steps), "max_quality_loss": asked, "rows": figures}


def reworded(step: Step, reword: Reword, seed: int) -> Step:
    """The step in other words, as a text; the very same step where the rule finds nothing to change."""
    text = work_text(step)
    new = reword(text, np.random.default_rng([seed, len(text)]))
    return step if new == text else replace(step, text=new)


def _reworded(steps: Sequence[Step], reword: Reword) -> list[Step]:
    return [reworded(step, reword, number) for number, step in enumerate(steps)]


def _tiers(router: Router, steps: Sequence[Step], max_quality_loss: float) -> np.ndarray:
    decisions = router.decide_many(steps, DecideOptions(max_quality_loss=max_quality_loss))
    return np.array([router.catalogue.index(decision.tier) for decision in decisions])


def _draws(steps: Sequence[LoggedStep]) -> np.ndarray:
    """How often each step is drawn, float64 [draws, n], whole groups at a time."""
    names: dict[str, int] = {}
    group = np.array([names.setdefault(split_unit(step), len(names)) for step in steps])
    rng = np.random.default_rng(0)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=N_DRAWS)
    return np.asarray(counts[:, group], dtype=np.float64)


def _row(
    name: str,
    after: np.ndarray,
    before: np.ndarray,
    changed: np.ndarray,
    draws: np.ndarray,
    problem: Problem,
    rows: np.ndarray,
) -> dict[str, Any]:
    """``p_moved`` of the steps that the rewording changes, with its 95 % interval over groups."""
    is_moved = (after != before).astype(np.float64)
    n_changed = int(changed.sum())
    with np.errstate(invalid="ignore", divide="ignore"):
        drawn = (draws @ (is_moved * changed)) / (draws @ changed.astype(np.float64))
    low, high = np.nanquantile(drawn, [0.025, 0.975]) if n_changed else (0.0, 0.0)
    success, cost_usd = problem.success[rows], problem.cost_usd[rows]
    known, each = ~np.isnan(success).any(axis=1), np.arange(len(rows))
    return {
        "name": name,
        "p_changed": float(changed.mean()),
        "p_moved": float(is_moved[changed].mean()) if n_changed else 0.0,
        "low": float(low),
        "high": float(high),
        "p_dearer": float((after > before)[changed].mean()) if n_changed else 0.0,
        "loss": float(1 - success[each, after][known].sum() / success[known, -1].sum()),
        "saving": float(1 - np.nansum(cost_usd[each, after]) / np.nansum(cost_usd[:, -1])),
    }
