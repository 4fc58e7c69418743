"""Splits that do not leak: by group, by task, by time.

Steps that share a ``group`` (the same question, the same template) or else a task stand on one side. A split depends
on a step's own identity and a seed, never on the order of the rows, so that reordering a log changes nothing.
"""

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep


def split_unit(logged: LoggedStep) -> str:
    """What must not be torn apart: the group where there is one, else the task, else the step itself."""
    return logged.group or logged.task_id or logged.step_id


def assign_folds(steps: Sequence[LoggedStep], n_folds: int, seed: int = 0) -> NDArray[np.int64]:
    """The fold 0..n_folds-1 of every step, int64 [n]; steps of one unit share a fold.

    Units go, largest first and equal ones by a keyed hash, to the fold with the fewest steps, so that folds differ in
    size by no more than the largest unit.
    """
    units = [split_unit(step) for step in steps]
    sizes = Counter(units)
    loads = np.zeros(n_folds, dtype=np.int64)
    fold_of: dict[str, int] = {}
    for unit in sorted(sizes, key=lambda unit: (-sizes[unit], _hash(unit, seed))):
        fold_of[unit] = int(loads.argmin())
        loads[fold_of[unit]] += sizes[unit]
    return np.array([fold_of[unit] for unit in units], dtype=np.int64)


def split_by_time(steps: Sequence[LoggedStep], test_share: float) -> tuple[list[LoggedStep], list[LoggedStep]]:
    """Earlier and later steps, about ``test_share`` of them later; steps of one unit stand where their last one does.

    Steps without a timestamp count as earlier.
    """
    newest: dict[str, float] = {}
    for step in steps:
        unit = split_unit(step)
        newest[unit] = max(newest.get(unit, -np.inf), -np.inf if step.timestamp is None else step.timestamp)
    moments = np.array([newest[split_unit(step)] for step in steps])
    cut = np.quantile(moments, 1 - test_share, method="higher") if len(moments) else np.inf
    is_later = (moments >= cut) & np.isfinite(moments)
    earlier = [step for step, later in zip(steps, is_later, strict=True) if not later]
    return earlier, [step for step, later in zip(steps, is_later, strict=True) if later]


def _hash(unit: str, seed: int) -> bytes:
    return blake2b(unit.encode("utf-8", "surrogatepass"), digest_size=8, key=str(seed).encode()).digest()
