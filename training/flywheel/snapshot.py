"""The dataset of a retraining: which logged steps it holds, which it leaves out and why, frozen on disk."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tierwise.data.drawing.fingerprint import dataset_fingerprint
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import write_step_log

BEFORE_MARK = "before the mark"
NO_OUTCOME = "without a known outcome"
REPEATED = "logged again later"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """``steps`` in order of time (those without a time first); ``left_out`` counts the others by reason."""

    steps: tuple[LoggedStep, ...]
    left_out: dict[str, int]
    fingerprint: str

    @property
    def newest(self) -> float | None:
        """Seconds since the epoch of the newest step; the mark of the next retraining."""
        return max((step.timestamp for step in self.steps if step.timestamp is not None), default=None)

    def n_since(self, mark: float | None) -> int:
        """How many steps are newer than ``mark``; all of them without a mark."""
        if mark is None:
            return len(self.steps)
        return sum(step.timestamp is not None and step.timestamp > mark for step in self.steps)

    def write(self, folder: Path) -> Path:
        """Writes the steps as Parquet, named by their fingerprint, and returns the file."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"snapshot-{self.fingerprint[:12]}.parquet"
        if not path.exists():
            staging = path.with_name(f".{path.stem}.parquet")
            write_step_log(staging, self.steps)
            staging.rename(path)
        return path

    def to_dict(self) -> dict[str, object]:
        return {
            "n_steps": len(self.steps),
            "left_out": self.left_out,
            "fingerprint": self.fingerprint,
            "newest_step": None if self.newest is None else datetime.fromtimestamp(self.newest, UTC).isoformat(),
        }


def take_snapshot(steps: Iterable[LoggedStep], tier_names: Sequence[str], since: float | None = None) -> Snapshot:
    """Keeps steps with a known outcome on one of the tiers, from ``since`` on; of a step logged twice, the last.

    With a mark, steps without a time are left out too: nobody knows whether they are old.
    """
    left_out: Counter[str] = Counter()
    kept: dict[str, LoggedStep] = {}
    names = set(tier_names)
    for logged in steps:
        if since is not None and (logged.timestamp is None or logged.timestamp < since):
            left_out[BEFORE_MARK] += 1
        elif not any(a.success is not None and a.tier in names for a in logged.attempts):
            left_out[NO_OUTCOME] += 1
        else:
            left_out[REPEATED] += logged.step_id in kept
            kept.pop(logged.step_id, None)
            kept[logged.step_id] = logged
    ordered = sorted(kept.values(), key=lambda step: (step.timestamp or float("-inf"), step.step_id))
    counts = {reason: count for reason, count in left_out.items() if count}
    return Snapshot(tuple(ordered), counts, dataset_fingerprint(ordered))
