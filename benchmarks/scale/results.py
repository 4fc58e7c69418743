"""The measured trainings on disk, how they grow, and the page and picture that they make."""

import json
from math import log
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from benchmarks.scale.training import Measured

FOLDER = Path(__file__).parent
TRAININGS = FOLDER / "results" / "trainings.json"
PICTURE = FOLDER.parents[1] / "docs" / "images" / "scale.png"
_INK, _GRID = "#1f2933", "#e4e7eb"
_COLOURS = {"local": "#0b6bcb", "dask": "#e8590c"}
_COLUMNS = (
    "engine",
    "steps",
    "learned from",
    "time",
    "processor time",
    "rows/s",
    "peak memory",
    "a worker's peak",
    "load",
    "growth of processor time",
    "growth of memory",
)
_NAMES = {"local": "one process", "dask": "Dask, two workers on the same machine"}


def load_trainings(path: Path) -> list[Measured]:
    """What was measured so far; nothing where the file is missing."""
    return [Measured(**row) for row in json.loads(path.read_text(encoding="utf-8"))] if path.exists() else []


def save_trainings(path: Path, trainings: list[Measured]) -> None:
    """Ordered by engine and size, so that a new run changes its own lines."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [one.to_dict() for one in sorted(trainings, key=lambda one: (one.engine != "local", one.n_steps))]
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def exponent(before: float, after: float, n_before: int, n_after: int) -> float:
    """By which power of the number of steps a figure grows: 1 is linear."""
    return log(after / before) / log(n_after / n_before)


def table(trainings: list[Measured]) -> list[str]:
    """A Markdown table, one training a row, each with its growth since the size before."""
    lines = [f"| {' | '.join(_COLUMNS)} |", f"|---|{'---:|' * (len(_COLUMNS) - 1)}"]
    for engine in _NAMES:
        rows = [one for one in trainings if one.engine == engine]
        for before, one in zip([None, *rows], rows, strict=False):
            lines.append(f"| {' | '.join(_cells(before, one))} |")
    return lines


def write_page(trainings: list[Measured], page: Path = FOLDER / "RESULTS.md") -> None:
    """The part of RESULTS.md between its two marks; the words around it are written by hand."""
    begin, end = "<!-- trainings -->\n", "<!-- /trainings -->"
    head, _, rest = page.read_text(encoding="utf-8").partition(begin)
    page.write_text(f"{head}{begin}\n" + "\n".join(table(trainings)) + f"\n\n{end}{rest.partition(end)[2]}", "utf-8")


def draw_growth(trainings: list[Measured], path: Path) -> None:
    """Processor time and memory over the number of steps, both on logarithmic axes."""
    figure = Figure(figsize=(9.6, 3.8), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    time_axes, memory_axes = figure.subplots(1, 2)
    for engine, name in _NAMES.items():
        rows = [one for one in trainings if one.engine == engine]
        if not rows:
            continue
        at = [one.n_steps for one in rows]
        style: dict[str, Any] = {"color": _COLOURS[engine], "marker": "o", "label": name}
        time_axes.plot(at, [one.cpu_seconds for one in rows], **style)
        memory_axes.plot(at, [one.peak_mb / 1e3 for one in rows], **style)
    for axes, title in ((time_axes, "processor time, seconds"), (memory_axes, "peak memory of the command, GB")):
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        for formatter in (axes.yaxis.set_major_formatter, axes.yaxis.set_minor_formatter):
            formatter(StrMethodFormatter("{x:g}"))
        axes.set_title(title, loc="left", fontsize=10, color=_INK)
        axes.set_xlabel("logged steps")
        axes.grid(color=_GRID, linewidth=0.8, which="both")
        axes.set_axisbelow(True)
    time_axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=140, metadata={"Software": None})


def _cells(before: Measured | None, one: Measured) -> list[str]:
    def growth(name: str) -> str:
        if before is None:
            return "–"
        return f"{exponent(getattr(before, name), getattr(one, name), before.n_steps, one.n_steps):.2f}"

    worker = "–" if one.worker_peak_mb is None else f"{one.worker_peak_mb / 1e3:.2f} GB"
    return [
        one.engine,
        f"{one.n_steps:,}",
        f"{one.n_learned:,}",
        f"{one.seconds:,.0f} s",
        f"{one.cpu_seconds:,.0f} s",
        f"{one.rows_per_second:,.0f}",
        f"{one.peak_mb / 1e3:.2f} GB",
        worker,
        f"{one.load_average:.1f}",
        growth("cpu_seconds"),
        growth("peak_mb"),
    ]
