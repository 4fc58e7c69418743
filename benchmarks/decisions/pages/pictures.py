"""The pictures for the docs: skill as the log grows, and true losses beside the certified bound."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from benchmarks.decisions.masks import KINDS

IMAGES = Path(__file__).parents[3] / "docs" / "images"
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
    """Of every kind the share of worlds that lose more than promised, with its interval."""
    figure, axes = _new(f"Worlds that lose more than {figures['max_quality_loss']:.0%}")
    target = str(figures["max_quality_loss"])
    for place, kind in enumerate(reversed(figures["kinds"])):
        found = kind["targets"][target]["whole"]
        is_bad = found["low"] > figures["allowed"]
        colour = _BAD if is_bad else _COLOURS[0]
        axes.plot([found["low"], found["high"]], [place, place], color=colour, linewidth=2.0)
        axes.plot(found["n_violations"] / found["n"], place, "o", color=colour, markersize=5)
    axes.axvline(figures["allowed"], color=_QUIET, linewidth=1.2, linestyle=(0, (4, 3)))
    axes.annotate("allowed", (figures["allowed"], 1.0), xycoords=("data", "axes fraction"), ha="left", va="bottom")
    axes.set_yticks(range(len(figures["kinds"])), [kind["name"] for kind in reversed(figures["kinds"])])
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlim(left=0.0)
    axes.set_xlabel("share of worlds, with the exact 95 % interval")
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
