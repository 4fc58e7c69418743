"""What a contestant answers about the steps of a fold, kept on disk so that a long run can be interrupted."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.problem import Floats


@dataclass(frozen=True, slots=True)
class Answers:
    """Of ``n`` steps on ``k`` tiers.

    ``p_success`` and ``expected_cost_usd`` float64 [n, k] order the tiers along the cost-quality curve; NaN where a
    contestant only names a tier. ``chosen`` int64 [n] is its choice for the tolerated quality loss, made without the
    outcomes of these steps. ``starts`` int64 [n, rates] is where it would start with a verifier. ``is_unfamiliar`` and
    ``is_supported`` bool [n]: the step is unlike the log; the log supports the tolerated loss at all.
    """

    p_success: Floats
    expected_cost_usd: Floats
    chosen: NDArray[np.int64]
    starts: NDArray[np.int64]
    is_unfamiliar: NDArray[np.bool_]
    is_supported: NDArray[np.bool_]

    @classmethod
    def choices(cls, chosen: NDArray[np.int64], n_tiers: int) -> "Answers":
        """Of a contestant that only names a tier."""
        unknown = np.full((len(chosen), n_tiers), np.nan)
        no, yes = np.zeros(len(chosen), dtype=np.bool_), np.ones(len(chosen), dtype=np.bool_)
        return cls(unknown, unknown, chosen, np.empty((len(chosen), 0), dtype=np.int64), no, yes)

    @classmethod
    def pooled(cls, parts: Sequence["Answers"], rows: Sequence[NDArray[np.int64]]) -> "Answers":
        """The answers of all folds, in the order of the problem's steps."""
        order = np.argsort(np.concatenate(rows))
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(part, name) for part in parts])[order] for name in names))

    def save(self, path: Path) -> None:
        """Writes in one step: a killed run leaves no half file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        staging = path.with_name(f"{path.stem}.{os.getpid()}.npz")
        np.savez_compressed(staging, **{field.name: getattr(self, field.name) for field in fields(self)})
        staging.replace(path)

    @classmethod
    def load(cls, path: Path) -> "Answers":
        with np.load(path, allow_pickle=False) as stored:
            return cls(*(stored[field.name] for field in fields(cls)))


@dataclass(frozen=True, slots=True)
class Cache:
    """Answers on disk by what they depend on."""

    folder: Path

    def answers(self, key: Sequence[object], compute: Callable[[], Answers]) -> Answers:
        """The stored answers of ``key``, or those that ``compute`` gives, stored for the next run."""
        path = self.folder / f"{sha256(repr(list(key)).encode()).hexdigest()[:24]}.npz"
        if path.is_file():
            return Answers.load(path)
        found = compute()
        found.save(path)
        return found
