"""Does the promise hold? Worlds of known truth of every kind, walked one by one; what is done is kept on disk."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.decisions.guarantee_kinds import KINDS, Kind
from benchmarks.decisions.guarantee_world import CATCH_RATE, LIGHT, QUALITY_LOSSES, measure_world
from benchmarks.decisions.learned import SOURCE_DIGEST
from tierwise.training.config import TrainConfig
from tierwise.training.progress import Progress

MIN_PART_TASKS = 210
"""As many without any loss are needed to certify 3 %: a type with fewer tasks is promised nothing of its own."""
TRANSFER_FROM, TRANSFER_WITHIN = 0.1, 0.03
_ROOT = Path(__file__).parents[2]
_WORLD_FILES = (
    "training/evaluation/worlds.py",
    "training/evaluation/task_worlds.py",
    "training/evaluation/task_logs.py",
    "benchmarks/decisions/guarantee_kinds.py",
    "benchmarks/decisions/guarantee_world.py",
)

Line = Mapping[str, Any]


def walk_worlds(
    kinds: Sequence[str], n_worlds: int, store: Path, progress: Progress, config: TrainConfig = LIGHT, n_steps: int = 0
) -> dict[str, Any]:
    """Figures by kind from ``n_worlds`` of each, those of ``kinds`` or of all; a further run goes on where it was.

    ``n_steps`` 0: every log has as many as its kind says.
    """
    chosen = [KINDS[name] for name in kinds or KINDS]
    progress("worlds", len(chosen) * n_worlds)
    lines = {kind.name: _walk(kind, n_worlds, store, progress, config, n_steps) for kind in chosen}
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
        "n_tasks": _median([line["n_tasks"] for line in lines]),
        "targets": {str(target): _at(target, lines, trained) for target in QUALITY_LOSSES},
        "cascade": _cascade(trained),
    }


def _walk(
    kind: Kind, n_worlds: int, store: Path, progress: Progress, config: TrainConfig, n_steps: int
) -> list[dict[str, Any]]:
    path = store / f"guarantee-{_digest(config, n_steps)}" / f"{kind.name.replace(' ', '-')}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found = [json.loads(line) for line in lines][:n_worlds]
    for _ in found:
        progress.step()
    with path.open("a", encoding="utf-8") as file:
        for seed in range(len(found), n_worlds):
            found.append(measure_world(kind, seed, config, n_steps))
            file.write(json.dumps(found[-1]) + "\n")
            file.flush()
            progress.step()
    return found


def _digest(config: TrainConfig, n_steps: int) -> str:
    digest = sha256(f"{SOURCE_DIGEST} {config} {n_steps}".encode())
    for file in _WORLD_FILES:
        digest.update((_ROOT / file).read_bytes())
    return digest.hexdigest()[:12]


def _at(target: float, lines: Sequence[Line], trained: Sequence[Line]) -> dict[str, Any]:
    """A log that training refused loses nothing and saves nothing: it counts among all worlds."""
    found = [line["targets"][str(target)] for line in trained]
    own = [_own_losses(line, target) for line in trained]
    parts = [loss for losses in own for loss in losses]
    certified = [one for one in found if one["certified_saving"] >= TRANSFER_FROM]
    near = [one for one in certified if abs(one["saving"] - one["certified_saving"]) <= TRANSFER_WITHIN]
    rest = len(lines) - len(trained)
    return {
        "whole": _violations(sum(one["loss"] > target for one in found), len(lines)),
        "any_part": _violations(sum(any(loss > target for loss in losses) for losses in own), len(lines)),
        "parts": _violations(sum(loss > target for loss in parts), len(parts)),
        "worst_loss": max((one["loss"] for one in found), default=0.0),
        "worst_part_loss": max(parts, default=0.0),
        "n_supported": sum(one["is_supported"] for one in found),
        "median_saving": _median([one["saving"] for one in found] + [0.0] * rest),
        "median_oracle": _median([one["oracle_saving"] for one in found]),
        "median_oracle_by_part": _median([one["oracle_saving_by_part"] for one in found]),
        "median_share": _median(
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
        "violations": _violations(sum(one["loss"] > target for one in found), len(found)),
        "worst_loss": max((one["loss"] for one in found), default=0.0),
        "median_saving": _median([one["saving"] for one in found]),
        "median_best_plain": _median(best),
    }


def _violations(n_violations: int, n: int) -> dict[str, Any]:
    """A share with the exact 95 % interval of Clopper and Pearson (1934)."""
    if not n:
        return {"n": 0, "n_violations": 0, "low": 0.0, "high": 1.0}
    exact = stats.binomtest(n_violations, n).proportion_ci(0.95)
    return {"n": n, "n_violations": n_violations, "low": float(exact.low), "high": float(exact.high)}


def _median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else 0.0
