"""Does the promise hold? Worlds of known truth of every kind, walked one by one; what is done is kept on disk."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.decisions.promise.guarantee_kinds import KINDS, Kind
from benchmarks.decisions.promise.guarantee_world import CATCH_RATE, LIGHT, QUALITY_LOSSES, measure_world
from benchmarks.decisions.promise.walking import Line, digest_of, median, violations, walked
from tierwise.training.config import TrainConfig
from tierwise.training.progress import Progress

MIN_PART_TASKS = 210
"""As many without any loss are needed to certify 3 %: a type with fewer tasks is promised nothing of its own."""
TRANSFER_FROM, TRANSFER_WITHIN = 0.1, 0.03
_WORLD_FILES = (
    "training/evaluation/synthetic/worlds.py",
    "training/evaluation/synthetic/task_worlds.py",
    "training/evaluation/synthetic/task_logs.py",
    "benchmarks/decisions/promise/guarantee_kinds.py",
    "benchmarks/decisions/promise/guarantee_world.py",
)


def walk_worlds(
    kinds: Sequence[str], n_worlds: int, store: Path, progress: Progress, config: TrainConfig = LIGHT, n_steps: int = 0
) -> dict[str, Any]:
    """Figures by kind from ``n_worlds`` of each, those of ``kinds`` or of all; a further run goes on where it was.

    ``n_steps`` 0: every log has as many as its kind says.
    """
    chosen = [KINDS[name] for name in kinds or KINDS]
    progress("worlds", len(chosen) * n_worlds)
    folder = store / f"guarantee-{digest_of(_WORLD_FILES, config, n_steps)}"
    lines = {
        kind.name: walked(
            folder / f"{kind.name.replace(' ', '-')}.jsonl",
            n_worlds,
            partial(measure_world, kind, config=config, n_steps=n_steps),
            progress,
        )
        for kind in chosen
    }
    return {
        "n_worlds": n_worlds,
        "max_quality_loss": QUALITY_LOSSES[0],
        "allowed": 1 - config.confidence,
        "kinds": [summary(kind, lines[kind.name]) for kind in chosen],
    }


def summary(kind: Kind, lines: Sequence[Line]) -> dict[str, Any]:
    """Of one kind, at every tolerated loss: violations with their exact interval, and what was saved for them."""
    trained = [line for line in lines if "refused" not in line]
    return {
        "name": kind.name,
        "about": kind.about,
        "is_full": kind.is_full,
        "n_refused": len(lines) - len(trained),
        "n_tasks": median([line["n_tasks"] for line in lines]),
        "targets": {str(target): _at(target, lines, trained) for target in QUALITY_LOSSES},
        "cascade": _cascade(trained),
    }


def _at(target: float, lines: Sequence[Line], trained: Sequence[Line]) -> dict[str, Any]:
    """A log that training refused loses nothing and saves nothing: it counts among all worlds."""
    found = [line["targets"][str(target)] for line in trained]
    own = [_own_losses(line, target) for line in trained]
    parts = [loss for losses in own for loss in losses]
    certified = [one for one in found if one["certified_saving"] >= TRANSFER_FROM]
    near = [one for one in certified if abs(one["saving"] - one["certified_saving"]) <= TRANSFER_WITHIN]
    rest = len(lines) - len(trained)
    return {
        "whole": violations(sum(one["loss"] > target for one in found), len(lines)),
        "any_part": violations(sum(any(loss > target for loss in losses) for losses in own), len(lines)),
        "parts": violations(sum(loss > target for loss in parts), len(parts)),
        "worst_loss": max((one["loss"] for one in found), default=0.0),
        "worst_part_loss": max(parts, default=0.0),
        "n_supported": sum(one["is_supported"] for one in found),
        "median_saving": median([one["saving"] for one in found] + [0.0] * rest),
        "median_oracle": median([one["oracle_saving"] for one in found]),
        "median_oracle_by_part": median([one["oracle_saving_by_part"] for one in found]),
        "median_share": median(
            [one["saving"] / one["oracle_saving"] for one in found if one["oracle_saving"] > 0] + [0.0] * rest
        ),
        "n_certified": len(certified),
        "n_near": len(near),
    }


def _own_losses(line: Line, target: float) -> list[float]:
    """Of the task types that have enough tasks in the log to be promised something of their own."""
    losses = line["targets"][str(target)]["loss_by_type"]
    return [
        losses[name] for name, part in line["parts"].items() if part["n_tasks"] >= MIN_PART_TASKS and name in losses
    ]


def _cascade(trained: Sequence[Line]) -> dict[str, Any]:
    """Starts chosen for a catch rate, at the first tolerated loss; beside the best of the same starts everywhere."""
    target, found = QUALITY_LOSSES[0], [line["cascade"] for line in trained]
    best = [
        max(s for loss, s in zip(one["plain_losses"], one["plain_savings"], strict=True) if loss <= target)
        for one in found
    ]
    return {
        "catch_rate": CATCH_RATE,
        "violations": violations(sum(one["loss"] > target for one in found), len(found)),
        "worst_loss": max((one["loss"] for one in found), default=0.0),
        "median_saving": median([one["saving"] for one in found]),
        "median_best_plain": median(best),
    }
