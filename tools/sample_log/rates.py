"""Pass rates of a sample log by family, difficulty and tier, as the table of README.md.

`python -m tools.sample_log.rates` prints it for the shipped log.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierwise.data.samples import sample_log_path

EXECUTED = ("small", "mid")
LEVELS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class Rate:
    """`n_passed` of `n_steps` attempts."""

    n_passed: int
    n_steps: int

    @property
    def percent(self) -> str:
        """Whole percent, or a dash where nothing was tried."""
        return f"{100 * self.n_passed / self.n_steps:.0f}" if self.n_steps else "–"


def read_log(path: Path) -> list[dict[str, Any]]:
    """All records of a gzipped JSON Lines file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def pass_rate(records: Iterable[Mapping[str, Any]], tier: str, **where: Any) -> Rate:
    """Rate of a tier over the records whose fields equal `where`."""
    passed = [
        bool(attempt["success"])
        for record in records
        if all(record[name] == value for name, value in where.items())
        for attempt in record["attempts"]
        if attempt["tier"] == tier
    ]
    return Rate(sum(passed), len(passed))


def markdown(records: list[dict[str, Any]]) -> str:
    """The table: a row per family, and small / mid percentages for each difficulty."""
    rows = ["| family | steps | easy | medium | hard | all |", "|---|---:|---:|---:|---:|---:|"]
    for family in sorted({record["family"] for record in records}):
        n_steps = pass_rate(records, "small", family=family).n_steps
        cells = [_cell(records, family=family, difficulty=level) for level in LEVELS]
        rows.append(f"| {family} | {n_steps} | {' | '.join(cells)} | {_cell(records, family=family)} |")
    cells = [_cell(records, difficulty=level) for level in LEVELS]
    rows.append(f"| **all** | {len(records)} | {' | '.join(cells)} | **{_cell(records)}** |")
    return "\n".join(rows)


def _cell(records: list[dict[str, Any]], **where: Any) -> str:
    return " / ".join(pass_rate(records, tier, **where).percent for tier in EXECUTED)


if __name__ == "__main__":
    print(markdown(read_log(sample_log_path())))
