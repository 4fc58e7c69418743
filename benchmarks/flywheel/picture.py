"""The timeline as a picture: success and cost over the traffic, and what was done when."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from benchmarks.flywheel.play import Event, Timeline

_INK, _QUIET, _GRID = "#1f2933", "#7b8794", "#e4e7eb"
_SUCCESS, _COST, _BAD = "#2f9e44", "#0b6bcb", "#e8590c"
_WINDOW = 150
_TROUBLE = ("degrades", "poison", "forced")


def draw_timeline(timeline: Timeline, path: Path) -> None:
    figure = Figure(figsize=(11.0, 5.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": [1.15, 1.0]})
    at = np.arange(_WINDOW, len(timeline.success))
    top.plot(at, _rolling(timeline.success)[_WINDOW:], color=_SUCCESS, linewidth=1.8)
    bottom.plot(at, 1e6 * _rolling(timeline.cost_usd)[_WINDOW:], color=_COST, linewidth=1.8)
    top.set_ylim(0, 1.24)
    top.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    top.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    top.set_title(f"steps that end well, mean of the last {_WINDOW}", loc="left", fontsize=10, color=_INK)
    bottom.set_title("cost of a step, millionths of a dollar", loc="left", fontsize=10, color=_INK)
    bottom.set_ylim(bottom=0)
    for axes in (top, bottom):
        _dress(axes)
    for number, event in enumerate(timeline.events, start=1):
        color = _BAD if event.name in _TROUBLE else _INK
        for axes in (top, bottom):
            axes.axvline(event.at_step, color=color, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
        box = {"boxstyle": "circle,pad=0.25", "facecolor": "white", "edgecolor": color}
        top.annotate(str(number), (event.at_step, 1.12), ha="center", fontsize=8.5, color=color, bbox=box)
    bottom.set_xlabel("steps of traffic\n\n" + _legend(timeline.events), linespacing=1.5)
    figure.savefig(path, dpi=140, metadata={"Software": None})


def _legend(events: list[Event]) -> str:
    """The events by number, four a line."""
    texts = [f"{number}  {event.text}" for number, event in enumerate(events, start=1)]
    return "\n".join("     ".join(texts[start : start + 4]) for start in range(0, len(texts), 4))


def _rolling(values: list[float]) -> NDArray[np.float64]:
    """Mean of the last ``_WINDOW`` values, float64 [n]; of all so far at the start."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    ends = np.arange(1, len(sums))
    starts = np.maximum(0, ends - _WINDOW)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts))


def _dress(axes: Axes) -> None:
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, labelsize=9)
    axes.margins(x=0.01)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_QUIET)
