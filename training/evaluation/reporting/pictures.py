"""The pictures of a report: cost-quality curve, reliability per tier, slices. Drawn off screen, no global state."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, PercentFormatter

from tierwise.training.evaluation.calibration import TierCalibration
from tierwise.training.evaluation.cascades.course_rows import CourseRow
from tierwise.training.evaluation.cascades.courses import CourseReport
from tierwise.training.evaluation.curve import Curve, SkillTable
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.evaluation import Evaluation, FullInformation
from tierwise.training.evaluation.full_information import ChoiceReport
from tierwise.training.evaluation.reporting.course_table import COURSES_PICTURE
from tierwise.training.evaluation.slices import Slice

_INK, _QUIET, _GRID = "#1f2933", "#7b8794", "#e4e7eb"
_CANDIDATE, _ORACLE, _RULES, _CONSTANT = "#0b6bcb", "#2f9e44", "#e8590c", "#495057"
_MAX_BARS = 18


def draw_pictures(evaluation: Evaluation, folder: Path) -> list[str]:
    """Writes what can be drawn as PNG files; returns their names."""
    names = []
    full = evaluation.full_information
    if isinstance(full, FullInformation):
        _save(_curve_figure(full, evaluation.candidate), folder / "curve.png")
        names.append("curve.png")
    if evaluation.calibration:
        _save(_reliability_figure(evaluation.calibration), folder / "reliability.png")
        names.append("reliability.png")
    if isinstance(full, FullInformation) and full.slices.slices:
        _save(_slices_figure(full.slices.slices), folder / "slices.png")
        names.append("slices.png")
    if isinstance(evaluation.courses, CourseReport):
        _save(_courses_figure(evaluation.courses.rows), folder / COURSES_PICTURE)
        names.append(COURSES_PICTURE)
    return names


def _curve_figure(full: FullInformation, candidate: str) -> Figure:
    figure, axes = _new_figure(7.6, 5.0)
    constants = [report for name, report in full.choices.items() if name.startswith("always-")]
    axes.plot(
        [report.cost_usd.value for report in constants],
        [report.success.value for report in constants],
        color=_QUIET,
        linewidth=1.2,
        linestyle=(0, (4, 3)),
        label="mixing neighbouring tiers at random",
        zorder=1,
    )
    if isinstance(full.skills, SkillTable):
        _draw_curve(axes, full.skills.skills[candidate].curve, candidate)
    for name, report in full.choices.items():
        _draw_point(axes, name, report, candidate)
    axes.set_xlabel("cost of 1,000 steps, USD")
    axes.set_ylabel("steps that succeed")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{1000 * x:g}"))
    axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    axes.set_title("What success costs", loc="left", color=_INK, fontweight="bold")
    axes.margins(x=0.1, y=0.12)
    axes.legend(frameon=False, loc="lower right", fontsize=9)
    return figure


def _draw_curve(axes: Axes, curve: Curve, candidate: str) -> None:
    hull = curve.is_on_hull
    cost, success = curve.mean_cost_usd[hull], curve.success_rate[hull]
    order = cost.argsort()
    axes.plot(cost[order], success[order], color=_CANDIDATE, linewidth=2.2, label=f"{candidate}, every exchange rate")


def _draw_point(axes: Axes, name: str, report: ChoiceReport, candidate: str) -> None:
    color, marker = {candidate: (_CANDIDATE, "o"), "oracle": (_ORACLE, "*"), "rules": (_RULES, "D")}.get(
        name, (_CONSTANT, "s")
    )
    cost, success = report.cost_usd, report.success
    axes.errorbar(
        cost.value,
        success.value,
        yerr=[[max(0.0, success.value - success.low)], [max(0.0, success.high - success.value)]],
        xerr=[[max(0.0, cost.value - cost.low)], [max(0.0, cost.high - cost.value)]],
        fmt=marker,
        color=color,
        markersize=13 if marker == "*" else 8,
        elinewidth=1.2,
        zorder=4,
    )
    _label_point(axes, name, report, candidate, color)


def _label_point(axes: Axes, name: str, report: ChoiceReport, candidate: str, color: str) -> None:
    """Above the curve for candidate and oracle, below it for the rest; what is dear is labelled to the left, and a dear
    tier above the candidate, which may be as dear."""
    is_dear = report.saving.value < 0.25
    height = 9 if name in (candidate, "oracle") else -15
    if is_dear and name not in (candidate, "oracle", "rules"):
        height = 22
    offset = (-9 if is_dear or name == candidate else 9, height)
    text = axes.annotate(
        f"{name}, as decided" if name == candidate else name,
        (report.cost_usd.value, report.success.value),
        xytext=offset,
        textcoords="offset points",
        horizontalalignment="left" if offset[0] > 0 else "right",
        color=color,
        fontsize=9.5,
        zorder=5,
    )
    text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _reliability_figure(tiers: Sequence[TierCalibration]) -> Figure:
    figure, panels = _new_row(len(tiers))
    for axes, tier in zip(panels, tiers, strict=True):
        predicted = [entry.mean_p_success for entry in tier.reliability]
        observed = [entry.success.value for entry in tier.reliability]
        below = [max(0.0, entry.success.value - entry.success.low) for entry in tier.reliability]
        above = [max(0.0, entry.success.high - entry.success.value) for entry in tier.reliability]
        axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1.0, linestyle=(0, (4, 3)))
        axes.errorbar(
            predicted, observed, yerr=[below, above], fmt="o-", color=_CANDIDATE, markersize=4.5, linewidth=1.4
        )
        axes.set_title(
            f"{tier.tier}: ECE {tier.ece.value:.3f}, n = {tier.ece.n:,}", loc="left", fontsize=10.5, color=_INK
        )
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_aspect("equal")
        axes.set_xlabel("predicted success")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    panels[0].set_ylabel("steps that succeed")
    return figure


def _courses_figure(rows: Sequence[CourseRow]) -> Figure:
    """What every way saves, beside what it loses and how often its answers differ."""
    figure, (saved, lost) = _new_row(2)
    figure.set_size_inches(9.6, 1.4 + 0.34 * len(rows))
    colors = {"course": _CANDIDATE, "oracle": _ORACLE, "learned": _CANDIDATE}
    for place, row in enumerate(reversed(rows)):
        color = colors.get(row.kind, _CONSTANT)
        _whisker(saved, row.saving_relative, place, color)
        _whisker(lost, row.loss, place + 0.12, _RULES)
        _whisker(lost, row.different, place - 0.12, _QUIET)
    saved.set_yticks(range(len(rows)), [row.name for row in reversed(rows)])
    lost.set_yticks(range(len(rows)), [])
    saved.set_xlabel("saved a step")
    lost.set_xlabel("orange: success lost; grey: answers that differ")
    for axes in (saved, lost):
        axes.set_ylim(-0.7, len(rows) - 0.3)
        axes.axvline(0, color=_QUIET, linewidth=1.0)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    return figure


def _whisker(axes: Axes, estimate: Estimate | None, place: float, color: str) -> None:
    if estimate is not None:
        axes.plot([estimate.low, estimate.high], [place, place], color=color, linewidth=2.0, solid_capstyle="round")
        axes.plot(estimate.value, place, "o", color=color, markersize=6)


def _slices_figure(slices: Sequence[Slice]) -> Figure:
    shown = list(slices[:_MAX_BARS])[::-1]
    figure, axes = _new_figure(7.6, 1.3 + 0.33 * len(shown))
    for row, entry in enumerate(shown):
        lost = entry.lost_success
        color = _RULES if lost.low > 0 else _CANDIDATE
        axes.plot([lost.low, lost.high], [row, row], color=color, linewidth=2.0, solid_capstyle="round")
        axes.plot(lost.value, row, "o", color=color, markersize=6)
    axes.axvline(0, color=_QUIET, linewidth=1.0)
    axes.set_yticks(
        range(len(shown)), [f"{entry.dimension}: {entry.value}  (n = {entry.success.n:,})" for entry in shown]
    )
    axes.set_ylim(-0.7, len(shown) - 0.3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:+.3g}" if abs(x) > 1e-9 else "0"))
    axes.margins(x=0.06)
    axes.set_xlabel("success lost against always-top, percentage points; orange: all of the 95 % interval above 0")
    axes.set_title("Worst slices first", loc="left", color=_INK, fontweight="bold")
    return figure


def _new_figure(width: float, height: float) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    _dress(axes)
    return figure, axes


def _new_row(n_panels: int) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(0.6 + 3.4 * n_panels, 3.9), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    panels = [figure.add_subplot(1, n_panels, panel + 1) for panel in range(n_panels)]
    for axes in panels:
        _dress(axes)
    return figure, panels


def _dress(axes: Axes) -> None:
    axes.grid(color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(_QUIET)


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=150, metadata={"Software": None})
