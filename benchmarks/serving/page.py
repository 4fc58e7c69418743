"""The figures of the pairs on disk, and the part of RESULTS.md that is made of them."""

import json
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

_RESULTS = Path(__file__).with_name("results") / "pairs.json"
_PAGE = Path(__file__).with_name("RESULTS.md")
_BEGIN, _END = "<!-- pairs: written by the command -->\n", "<!-- end of pairs -->\n"


@dataclass(frozen=True, slots=True)
class PairRow:
    """One kind of work on both versions: medians in ``unit``, and the median and the range of the ratios of turns."""

    name: str
    unit: str
    old: float
    new: float
    ratio: float
    lowest: float
    highest: float


@dataclass(frozen=True, slots=True)
class PairsRun:
    """All rows of one run against ``commit``."""

    commit: str
    n_requests: int
    n_slices: int
    rows: tuple[PairRow, ...]


def write_page(run: PairsRun) -> None:
    """Stores the run and replaces the part of RESULTS.md that shows the last one."""
    moment = {"date": time.strftime("%d %B %Y"), "load": round(os.getloadavg()[0], 1), "cores": os.cpu_count()}
    _RESULTS.parent.mkdir(exist_ok=True)
    _RESULTS.write_text(json.dumps(moment | asdict(run), indent=1) + "\n", encoding="utf-8")
    before, rest = _PAGE.read_text(encoding="utf-8").split(_BEGIN)
    _PAGE.write_text(before + _BEGIN + rendered() + _END + rest.split(_END)[1], encoding="utf-8")


def rendered() -> str:
    """The stored run as a table."""
    found = json.loads(_RESULTS.read_text(encoding="utf-8"))
    rows = [
        f"| {row['name']} | {row['unit']} | {row['old']:.3f} | {row['new']:.3f} | {row['ratio']:.2f} "
        f"| {row['lowest']:.2f}–{row['highest']:.2f} |"
        for row in found["rows"]
    ]
    machine = f"{found['cores']} cores, load average {found['load']}"
    slices = f"{found['n_slices']} slices of {found['n_requests']} requests"
    head = f"| work | unit | {found['commit']} | now | ratio | range |\n|---|---|---:|---:|---:|---:|"
    return "\n".join([f"{found['date']}, {machine}, {slices}:", "", head, *rows, ""])
