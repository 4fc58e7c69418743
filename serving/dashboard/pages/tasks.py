"""Tasks: a list, one task's timeline, and where the failures of many began."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tierwise.data.decision_log import StoredDecision
from tierwise.data.decision_log.views import tasks as views
from tierwise.data.decision_log.views.settled import Wanted
from tierwise.data.records import Attempt
from tierwise.serving.dashboard.page import dashboard_of, render
from tierwise.serving.dashboard.pages.decisions import page_link, read_page
from tierwise.serving.dashboard.pages.failures import ORIGINS, cluster_failures, find_origin, step_success, who_failed
from tierwise.serving.dashboard.period import END_OF_TIME, PERIODS, read_period

_N_CLUSTERS = 40
_N_KINDS = 20
_MAX_CALLS = 20


@dataclass(frozen=True, slots=True)
class TimelineStep:
    """One step of a task: ``offset_ms`` after its first decision; ``needs`` names the steps that it depends on."""

    stored: StoredDecision
    position: int
    offset_ms: float
    role: str | None
    needs: tuple[str, ...]
    attempts: tuple[Attempt, ...]
    success: bool | None
    spent_usd: float | None
    took_ms: float | None

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that the step may call."""
        return tuple(tool.name for tool in self.stored.record.step.tools)

    @property
    def calls(self) -> tuple[str, ...]:
        """What the turn before called, as this step reads it: the newest ones."""
        found: list[str] = []
        for message in self.stored.record.step.messages:
            if message.role == "assistant":
                given = message.extra.get("tool_calls")
                calls = given if isinstance(given, list | tuple) else ()
                found = [_called(call) for call in calls if isinstance(call, Mapping)]
        return tuple(found[-_MAX_CALLS:])

    @property
    def is_escalated(self) -> bool:
        return len({attempt.tier for attempt in self.attempts}) > 1


def tasks(request: Request) -> Response:
    dashboard = dashboard_of(request)
    period = read_period(request.query_params.get("period"), time.time())
    wanted = Wanted(period.since, END_OF_TIME, text=request.query_params.get("text", "").strip() or None)
    only_failed = request.query_params.get("failed") == "1"
    page = read_page(request)
    found = dashboard.reader.ask(views.find_tasks, wanted, page, only_failed)
    return render(
        request,
        "tasks.html",
        active="tasks",
        period=period,
        periods=PERIODS,
        found=found[: views.PAGE_TASKS],
        has_more=len(found) > views.PAGE_TASKS,
        page=page,
        n_tasks=dashboard.reader.ask(views.count_tasks, wanted),
        only_failed=only_failed,
        text=wanted.text or "",
        links={"newer": page_link(request, page - 1), "older": page_link(request, page + 1)},
    )


def failures(request: Request) -> Response:
    dashboard = dashboard_of(request)
    period = read_period(request.query_params.get("period"), time.time())
    wanted = Wanted(period.since, END_OF_TIME)
    found = dashboard.reader.ask(views.first_failures, wanted)
    clusters = cluster_failures(found)
    return render(
        request,
        "failures.html",
        active="tasks",
        period=period,
        periods=PERIODS,
        clusters=clusters[:_N_CLUSTERS],
        kinds=who_failed(clusters)[:_N_KINDS],
        origins=ORIGINS,
        n_clusters=len(clusters),
        n_failed=len(found),
        max_failed=views.MAX_FAILURES,
        n_tasks=dashboard.reader.ask(views.count_tasks, wanted),
    )


def task(request: Request) -> Response:
    dashboard = dashboard_of(request)
    task_id = request.path_params["task_id"]
    found = dashboard.reader.ask_anew(views.read_task, task_id)
    if not found:
        raise HTTPException(404, f"No decision of the task '{task_id[:80]}' is in the log.")
    steps = timeline(found)
    costs = [step.spent_usd for step in steps if step.spent_usd is not None]
    return render(
        request,
        "task.html",
        active="tasks",
        task_id=task_id,
        steps=steps,
        origin=find_origin(found),
        spent_usd=sum(costs) if costs else None,
        n_attempts=sum(len(step.attempts) for step in steps),
        n_failed=sum(step.success is False for step in steps),
        n_unknown=sum(step.success is None for step in steps),
        max_steps=views.MAX_STEPS,
        is_cut=len(found) >= views.MAX_STEPS,
    )


def timeline(found: Sequence[StoredDecision]) -> list[TimelineStep]:
    """The steps in the order in which they were decided; names of needed steps are shown as their positions."""
    positions = {
        name: f"step {number}"
        for number, stored in enumerate(found, start=1)
        for name in (stored.record.step_id, stored.record.decision_id)
        if name
    }
    started = found[0].record.created_at
    return [_step(stored, number, started, positions) for number, stored in enumerate(found, start=1)]


def _step(stored: StoredDecision, position: int, started: float, positions: dict[str, str]) -> TimelineStep:
    record = stored.record
    attempts = tuple(outcome.outcome.attempt for outcome in stored.outcomes)
    role, needs = record.step.extra.get("role"), record.step.extra.get("depends_on")
    return TimelineStep(
        stored=stored,
        position=position,
        offset_ms=(record.created_at - started) * 1000,
        role=role if isinstance(role, str) else None,
        needs=tuple(positions.get(need, need) for need in needs if isinstance(need, str))
        if isinstance(needs, list | tuple)
        else (),
        attempts=attempts,
        success=step_success(stored),
        spent_usd=_sum([attempt.cost_usd for attempt in attempts]),
        took_ms=_sum([attempt.latency_ms for attempt in attempts]),
    )


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _called(call: Mapping[str, object]) -> str:
    function = call.get("function")
    name = function.get("name") if isinstance(function, Mapping) else call.get("name")
    return str(name)[:80]
