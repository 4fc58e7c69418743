"""Experiments: arms as they stand, and what the last ``tierwise experiment report`` or ``status`` found.

Verdicts come from training's statistics, which this layer does not import: the command leaves what it found in the
audit trail, and the page shows that, with its time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.compared.intervals import Interval
from tierwise.data.decision_log import AuditEntry
from tierwise.data.decision_log.views import totals
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.data.decision_log.views.totals import Totals
from tierwise.data.experiments import Arm, Experiment
from tierwise.serving.dashboard.page import EXPERIMENT_REPORT, Dashboard, chart, dashboard_of, render
from tierwise.serving.dashboard.period import END_OF_TIME

_MAX_SHOWN = 20


@dataclass(frozen=True, slots=True)
class ArmRow:
    """An arm with the plain sums of its decisions: what happened, not a comparison."""

    arm: Arm
    totals: Totals


@dataclass(frozen=True, slots=True)
class Compared:
    """One arm against the control: differences with intervals that hold at every look, and charts of how they came."""

    arm: str
    control: str
    outcome: str
    reason: str
    success: Interval | None
    cost_ratio: Interval | None
    success_chart: str | None
    cost_chart: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """An experiment as the page shows it. ``found`` is the stored report, None before the first one."""

    experiment: Experiment
    arms: tuple[ArmRow, ...]
    found: Mapping[str, Any] | None
    found_at: float | None
    compared: tuple[Compared, ...]


def experiments(request: Request) -> Response:
    dashboard = dashboard_of(request)
    log = dashboard.reader.log
    newest_first = tuple(reversed(log.experiments()))[:_MAX_SHOWN]
    shown = [_shown(dashboard, experiment, log.audit(experiment.name)) for experiment in newest_first]
    return render(request, "experiments.html", active="experiments", experiments=shown)


def _shown(dashboard: Dashboard, experiment: Experiment, trail: Sequence[AuditEntry]) -> Shown:
    rows = []
    for arm in experiment.arms:
        wanted = Wanted(experiment.started_at, END_OF_TIME, arm=arm.name, experiment=experiment.name)
        rows.append(ArmRow(arm, dashboard.reader.ask(totals.totals, wanted, dashboard.top_tier)))
    reports = [entry for entry in trail if entry.action == EXPERIMENT_REPORT]
    found = reports[-1].evidence if reports else None
    return Shown(
        experiment,
        tuple(rows),
        found,
        reports[-1].recorded_at if reports else None,
        () if found is None else tuple(_compared(each, experiment.margin) for each in found["comparisons"]),
    )


def _compared(raw: Mapping[str, Any], margin: float) -> Compared:
    paths = raw.get("trajectories", {})
    return Compared(
        arm=raw["arm"],
        control=raw["control"],
        outcome=raw["verdict"]["outcome"],
        reason=raw["verdict"]["reason"],
        success=_interval(raw["success"], 0.0),
        cost_ratio=_interval(raw["cost_ratio"], 1.0),
        success_chart=_band(paths.get("success"), 0.0, -margin, "points"),
        cost_chart=_band(paths.get("cost_ratio"), 1.0, None, "ratio"),
    )


def _band(path: Mapping[str, Any] | None, neutral: float, margin: float | None, unit: str) -> str | None:
    if path is None or len(path["n_tasks"]) < 2:
        return None
    ends = {name: path[name] for name in ("n_tasks", "value", "low", "high")}
    return chart(kind="band", neutral=neutral, margin=margin, unit=unit, **ends)


def _interval(raw: Mapping[str, Any], neutral: float) -> Interval | None:
    """The last estimate, as a change from ``neutral``."""
    if raw.get("value") is None:
        return None
    low, high = (None if raw[end] is None else raw[end] - neutral for end in ("low", "high"))
    return Interval(raw["value"] - neutral, low, high, int(raw["n"]), float(raw["n_effective"] or 0))
