"""A walk through worlds that goes on where it was, and how its lines are summed up."""

import json
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benchmarks.decisions.contestants.learned import SOURCE_DIGEST
from tierwise.training.progress import Progress

Line = Mapping[str, Any]
_ROOT = Path(__file__).parents[3]


def walked(path: Path, n_worlds: int, measure: Callable[[int], Line], progress: Progress) -> list[Line]:
    """The lines of the first ``n_worlds`` seeds, from ``path`` where they are there; what is measured is added."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    found: list[Line] = [json.loads(line) for line in lines][:n_worlds]
    for _ in found:
        progress.step()
    with path.open("a", encoding="utf-8") as file:
        for seed in range(len(found), n_worlds):
            found.append(measure(seed))
            file.write(json.dumps(found[-1]) + "\n")
            file.flush()
            progress.step()
    return found


def digest_of(files: Sequence[str], *about: object) -> str:
    """Of the code that learns and decides, of ``files`` below the root, and of what else a line depends on."""
    digest = sha256(" ".join([SOURCE_DIGEST, *map(str, about)]).encode())
    for file in files:
        digest.update((_ROOT / file).read_bytes())
    return digest.hexdigest()[:12]


def violations(n_violations: int, n: int) -> dict[str, Any]:
    """A share with the exact 95 % interval of Clopper and Pearson (1934)."""
    if not n:
        return {"n": 0, "n_violations": 0, "low": 0.0, "high": 1.0}
    exact = stats.binomtest(n_violations, n).proportion_ci(0.95)
    return {"n": n, "n_violations": n_violations, "low": float(exact.low), "high": float(exact.high)}


def share_text(found: Line) -> str:
    """What :func:`violations` found, in words."""
    return f"{found['n_violations']} of {found['n']} [{100 * found['low']:.0f}, {100 * found['high']:.0f}] %"


def median(values: Sequence[float]) -> float:
    return float(np.median(values)) if len(values) else 0.0
