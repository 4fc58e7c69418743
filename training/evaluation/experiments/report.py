"""An experiment for people and programs: tables, Markdown, JSON, and the picture of the intervals as they narrowed."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.experiments.comparison import Comparison
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence, Trajectory
from tierwise.training.evaluation.experiments.verdict import ExperimentReport
from tierwise.training.evaluation.reporting.tables import markdown_table

_INK, _QUIET, _LINE = "#1f2933", "#7b8794", "#0b6bcb"
_FIRST_SHOWN = 20


def summary_rows(report: ExperimentReport) -> list[list[str]]:
    """The arms as they are, a header first."""
    header = ["arm", "tasks", "steps well", "tasks well", "USD/task", "USD/good task", "ms/step", "escalations"]
    rows = [
        [
            each.arm,
            f"{each.n_tasks:,}",
            _share(each.success),
            _share(each.done),
            _figure(each.cost_usd, ".3g"),
            _figure(each.cost_per_done_usd, ".3g"),
            _figure(each.latency_ms, ".0f"),
            _figure(each.escalations, ".2f"),
        ]
        for each in report.summaries
    ]
    return [header, *rows]


def comparison_rows(report: ExperimentReport) -> list[list[str]]:
    """Every arm against the control, a header first; ratios as changes in percent."""
    header = ["arm", "steps well", "cost", "per good task", "latency", "escalations"]
    rows = [
        [
            each.arm,
            _interval(each.success.last(), 100, "+.1f", ""),
            _change(each.cost_ratio.last()),
            _change(each.cost_per_done_ratio),
            _change(each.latency_ratio.last()),
            _interval(each.escalations.last(), 1, "+.2f", ""),
        ]
        for each in report.comparisons
    ]
    return [header, *rows]


def write_experiment_report(report: ExperimentReport, name: str, folder: Path) -> None:
    """Writes ``report.md``, ``report.json`` and, once there is something to see, ``experiment.png``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.json").write_text(json.dumps(report.to_dict(), indent=1) + "\n", encoding="utf-8")
    has_picture = draw_experiment(report, folder / "experiment.png")
    (folder / "report.md").write_text(_page(report, name, has_picture), encoding="utf-8")


def trajectories_to_dict(report: ExperimentReport, n_points: int = 120) -> list[dict[str, object]]:
    """The comparisons of ``report.to_dict()``, each with at most ``n_points`` of how its intervals narrowed."""
    return [
        comparison.to_dict()
        | {"verdict": verdict.to_dict()}
        | {"trajectories": {name: _path(getattr(comparison, name), n_points) for name in ("success", "cost_ratio")}}
        for comparison, verdict in zip(report.comparisons, report.verdicts, strict=True)
    ]


def _path(sequence: ConfidenceSequence, n_points: int) -> dict[str, list[float | None]]:
    path = sequence.trajectory(n_points, _FIRST_SHOWN)
    ends = {name: getattr(path, name) for name in ("value", "low", "high")}
    finite = {name: [float(x) if np.isfinite(x) else None for x in values] for name, values in ends.items()}
    return {"n_tasks": [float(n) for n in path.n_tasks], **finite}


def draw_experiment(report: ExperimentReport, path: Path) -> bool:
    """The intervals of success and cost after every task; false when there are too few tasks to draw."""
    comparison = report.comparisons[0]
    if min(comparison.success.last().n, comparison.cost_ratio.last().n) <= _FIRST_SHOWN:
        return False
    figure = Figure(figsize=(8.4, 3.6), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2)
    _draw(left, comparison.success.trajectory(), 0.0, "steps that end well, percentage points", 0.25)
    left.axhline(-report.question.margin, color="#e8590c", linewidth=1.0, linestyle=(0, (4, 3)))
    left.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{100 * y:+.0f}"))
    _draw(right, comparison.cost_ratio.trajectory(), 1.0, "cost of a task, ratio", 0.75)
    figure.suptitle(f"{comparison.arm} against {comparison.control}: {report.verdicts[0].outcome}", color=_INK)
    figure.savefig(path, dpi=150, metadata={"Software": None})
    return True


def _draw(axes: Axes, path: Trajectory, neutral: float, title: str, half_height: float) -> None:
    low, high = (np.clip(end, -10, 10) for end in (path.low, path.high))
    axes.fill_between(path.n_tasks, low, high, color=_LINE, alpha=0.18, linewidth=0)
    axes.plot(path.n_tasks, path.value, color=_LINE, linewidth=1.6)
    axes.axhline(neutral, color=_QUIET, linewidth=1.0)
    axes.set_ylim(neutral - half_height, neutral + half_height)
    axes.set_title(title, loc="left", fontsize=10, color=_INK)
    axes.set_xlabel("tasks")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _page(report: ExperimentReport, name: str, has_picture: bool) -> str:
    ratio = report.sample_ratio
    pairs = zip(report.comparisons, report.verdicts, strict=True)
    parts = [
        f"# Experiment {name}",
        *(f"**{comparison.arm}: {verdict.outcome}.** {verdict.reason}" for comparison, verdict in pairs),
        *(f"Beware: {warning}." for warning in report.warnings),
        "## Arms as they are",
        markdown_table(summary_rows(report)),
        f"## Against {report.tasks.arms[0]}",
        markdown_table(comparison_rows(report)),
        _how_to_read(report, report.comparisons[0]),
        f"Shares of tasks: p = {ratio.p_value:.2g}; below {ratio.level:g} nothing here may be believed.",
    ]
    if has_picture:
        parts.append("![Intervals after every task](experiment.png)")
    return "\n\n".join(parts) + "\n"


def _how_to_read(report: ExperimentReport, comparison: Comparison) -> str:
    level = 1 - report.question.interval_alpha(len(report.tasks.arms))
    return (
        f"Intervals hold at {level:.1%} at every look at once. Not inferior means: above minus "
        f"{report.question.margin:.1%} of steps. What was known before the first decision leaves "
        f"{comparison.variance_left:.0%} of the variance. {how_much_counts(comparison)}".rstrip()
    )


def how_much_counts(comparison: Comparison) -> str:
    """Up to where a task's cost counts, and what that leaves out; empty where nothing cost anything."""
    if comparison.cap_usd is None:
        return ""
    return (
        f"A task's cost counts up to ${comparison.cap_usd:.3g}, twice what nine of ten come to at most; "
        f"{comparison.money_over_cap:.0%} of the money lies above and decides nothing."
    )


def _change(ratio: Estimate) -> str:
    change = replace(ratio, value=ratio.value - 1, low=ratio.low - 1, high=ratio.high - 1)
    return _interval(change, 100, "+.0f", " %")


def _interval(estimate: Estimate, factor: float, spec: str, unit: str) -> str:
    if not np.isfinite(estimate.value):
        return "–"
    value, low, high = (format(factor * x, spec) for x in (estimate.value, estimate.low, estimate.high))
    return f"{value}{unit} [{low}, {high}]"


def _share(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.1%}"


def _figure(value: float, spec: str) -> str:
    return "–" if np.isnan(value) else format(value, spec)
