"""The pictures for the docs: skill as the log grows, and true losses beside the certified bound."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.decisions.masks import KINDS

IMAGES = Path(__file__).parents[2] / "docs" / "images"
_COLOURS = ("#0b6bcb", "#2f9e44", "#e8590c", "#7048e8", "#495057")
_QUIET, _BAD = "#7b8794", "#e8590c"


def draw_learning_curves(figures: Mapping[str, Any], folder: Path) -> Path:
    figure, axes = _new("Skill as the log grows")
    for kind, colour in zip(KINDS, _COLOURS, strict=True):
        points = sorted((p for p in figures["points"] if p["kind"] == kind and p["skill"]), key=lambda p: p["n_steps"])
        sizes, skills = [p["n_steps"] for p in points], [p["skill"]["value"] for p in points]
        axes.plot(sizes, skills, "o-", color=colour, linewidth=1.8, markersize=4.5, label=kind)
    axes.axhline(0, color=_QUIET, linewidth=1.0)
    axes.set_xscale("log")
    ticks = sorted({p["n_steps"] for p in figures["points"]})
    axes.set_xticks(ticks, [f"{size:,}" for size in ticks])
    axes.minorticks_off()
    axes.set_xlabel("logged steps")
    axes.set_ylabel("area above the best mix of fixed tiers")
    axes.legend(frameon=False, fontsize=9)
    return _save(figure, folder / "learning_curves.png")


def draw_guarantee(figures: Mapping[str, Any], folder: Path) -> Path:
    figure, axes = _new(f"True loss and saving in {figures['n_worlds']} worlds")
    limit = figures["max_quality_loss"]
    colours = [_BAD if loss > limit else _COLOURS[0] for loss in figures["losses"]]
    axes.scatter(figures["savings"], figures["losses"], c=colours, s=14, alpha=0.75, linewidths=0)
    axes.axhline(limit, color=_QUIET, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.annotate("the certified bound", (0.99, limit), xycoords=("axes fraction", "data"), ha="right", va="bottom")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("saving against always-top")
    axes.set_ylabel("success lost")
    return _save(figure, folder / "guarantee.png")


def _new(title: str):  # type: ignore[no-untyped-def]
    figure = Figure(figsize=(7.2, 4.2), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.grid(color="#e4e7eb", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.set_title(title, loc="left", fontweight="bold")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _save(figure: Figure, path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path
