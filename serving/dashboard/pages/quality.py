"""Quality: the measured cost-quality curve, the quality target to move, reliability per tier, the worst slices."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log.views import search
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.router_model.choosing.refusal import nothing_certified
from tierwise.router_model.router import Router
from tierwise.serving.dashboard.page import Dashboard, chart, dashboard_of, render, tier_color
from tierwise.serving.dashboard.pages.comparison import Target, targets
from tierwise.serving.dashboard.pages.evidence import (
    Evidence,
    find_evidence,
    live_router,
    to_interval,
    training_summary,
)
from tierwise.serving.dashboard.pages.promise import audit_watch, promise_watch
from tierwise.serving.dashboard.pages.promises import part_promises
from tierwise.serving.dashboard.period import END_OF_TIME

_MAX_SHOWN_LOSS = 0.2
_N_SLICES = 12


def quality(request: Request) -> Response:
    dashboard = dashboard_of(request)
    router = live_router(dashboard.service)
    evidence = find_evidence(dashboard.service)
    found = [] if router is None else live_targets(dashboard, router)
    shown = [target for target in found if target.point.max_quality_loss <= _MAX_SHOWN_LOSS + 1e-9]
    chosen = _chosen(shown, router, request.query_params.get("target"))
    return render(
        request,
        "quality.html",
        active="quality",
        router=router,
        promise=promise_watch(dashboard.service),
        audits=audit_watch(dashboard.service),
        policy=None if router is None else router.parts.policy,
        is_same=router is not None and router.parts.policy.target == "same-answer",
        nothing=None if router is None else nothing_certified(router.parts.policy, router.catalogue.names[-1]),
        parts=[] if router is None else part_promises(router.parts.policy, _loss_of(chosen, router)),
        parts_loss=None if router is None else _loss_of(chosen, router),
        training=training_summary(dashboard.service),
        evidence=evidence,
        table=[] if evidence is None else table_rows(evidence),
        curve_chart=None if evidence is None or evidence.full is None else curve_chart(evidence),
        tiers_measured=[] if evidence is None else reliability(evidence, dashboard.tiers),
        slices=[] if evidence is None else slices(evidence),
        courses=None if evidence is None else courses(evidence),
        targets=shown,
        chosen=chosen,
        target_chart=None if chosen is None else target_chart(shown, chosen),
    )


def live_targets(dashboard: Dashboard, router: Router) -> list[Target]:
    """Every operating point on the newest decisions of the live router."""
    wanted = Wanted(0.0, END_OF_TIME, router_version=router.version)
    return targets(dashboard.reader.ask(search.recent_sample, wanted), router.catalogue, router.parts.policy)


def table_rows(evidence: Evidence) -> list[dict[str, Any]]:
    """The result table of the evaluation: one row a policy, estimates as intervals, and whether its kind has no better.

    A report of an older version lacks some of it.
    """
    names = ("success", "cost_usd", "loss", "saving", "saving_relative")
    return [
        {"name": row["name"], "refused": row["refused"], "is_best": row.get("is_best", False)}
        | {name: to_interval(row.get(name)) for name in names}
        for row in evidence.content["table"]
    ]


def curve_chart(evidence: Evidence) -> str | None:
    """The curve of the candidate and, with their intervals, the policies beside it."""
    full, candidate = evidence.full, evidence.content["candidate"]
    if full is None:
        return None
    skills = full["skills"].get("skills", {})
    curve = skills.get(candidate, {}).get("curve")
    line = []
    if curve is not None:
        points = zip(curve["mean_cost_usd"], curve["success_rate"], curve["is_on_hull"], strict=True)
        line = sorted([1000 * cost, success] for cost, success, is_on_hull in points if is_on_hull)
    marks = [_mark(name, choice, candidate) for name, choice in full["choices"].items()]
    return chart(kind="curve", line=line, marks=marks, candidate=candidate)


def _mark(name: str, choice: Mapping[str, Any], candidate: str) -> dict[str, Any]:
    cost, success = choice["cost_usd"], choice["success"]
    kind = name if name in ("rules", "oracle") else ("candidate" if name == candidate else "constant")
    return {
        "name": name,
        "kind": kind,
        "x": [1000 * cost[end] for end in ("value", "low", "high")],
        "y": [success[end] for end in ("value", "low", "high")],
    }


def reliability(evidence: Evidence, tiers: tuple[str, ...]) -> list[dict[str, Any]]:
    """Per tier the calibration error and a chart of predicted and observed success."""
    found = []
    for tier in evidence.content["calibration"]:
        bins = [
            [entry["mean_p_success"], *(entry["success"][end] for end in ("value", "low", "high"))]
            for entry in tier["reliability"]
        ]
        drawn = chart(kind="reliability", bins=bins, color=tier_color(tier["tier"], tiers), tier=tier["tier"])
        names = ("ece", "brier", "log_loss", "auc")
        found.append(
            {"tier": tier["tier"], "chart": drawn, "bins": bins, "ece_of_chance": tier["ece_of_chance"]}
            | {name: to_interval(tier[name]) for name in names}
        )
    return found


def slices(evidence: Evidence) -> list[dict[str, Any]]:
    """The worst slices first, as the evaluation orders them."""
    if evidence.full is None:
        return []
    return [
        {"dimension": entry["dimension"], "value": entry["value"], "n": entry["success"]["n"]}
        | {name: to_interval(entry[name]) for name in ("success", "lost_success", "saving")}
        for entry in evidence.full["slices"]["slices"][:_N_SLICES]
    ]


def courses(evidence: Evidence) -> dict[str, Any] | None:
    """What courses come to beside single shots: all steps first, then each part; None where nobody measured it."""
    found = evidence.content.get("courses")
    if not isinstance(found, dict) or "rows" not in found:
        return None
    tables = [("", found["rows"]), *((name or "(none)", rows) for name, rows in found["parts"].items())]
    return found | {"tables": [(name, [_course_row(row) for row in rows]) for name, rows in tables]}


def _course_row(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("loss", "different", "saving", "saving_relative", "more", "at_top")
    times = {name: row.get(name) for name in ("p50_ms", "p95_ms")}  # reports of before have none
    return {"name": row["name"], "kind": row["kind"], **times} | {name: to_interval(row[name]) for name in names}


def target_chart(found: Sequence[Target], chosen: Target) -> str:
    """Certified loss and expected cost by quality target, with the chosen one marked."""
    return chart(
        kind="targets",
        targets=[target.point.max_quality_loss for target in found],
        cost=[1000 * target.cost_usd for target in found],
        loss=[target.point.loss for target in found],
        loss_upper=[target.point.loss_upper for target in found],
        chosen=chosen.point.max_quality_loss,
    )


def _loss_of(chosen: Target | None, router: Router) -> float:
    return router.parts.policy.default_max_quality_loss if chosen is None else chosen.point.max_quality_loss


def _chosen(shown: Sequence[Target], router: Router | None, given: str | None) -> Target | None:
    """The point whose position the slider names; without one, the router's default."""
    if not shown or router is None:
        return None
    if given is not None and given.isascii() and given.isdigit() and len(given) < 4:
        return shown[min(int(given), len(shown) - 1)]
    default = router.parts.policy.point(None).max_quality_loss
    return next((target for target in shown if target.point.max_quality_loss == default), shown[0])
