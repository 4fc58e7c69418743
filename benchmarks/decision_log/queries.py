"""Every question that the dashboard's pages ask of the log, for a period."""

from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.decision_log.rows import TIERS, TOP_TIER
from tierwise.data.decision_log import DecisionLog
from tierwise.data.decision_log.views import routers, search, tasks, totals
from tierwise.data.decision_log.views.settled import FAILED, Wanted

FACETS = ("tier", "agent", "node", "task_type", "arm", "reason_code", "router_version")
LIVE_ROUTER = "router-2"

Question = Callable[[DecisionLog], object]


def questions(since: float, until: float, slot_seconds: int) -> Mapping[str, Question]:
    """By page and view."""
    wanted = Wanted(since, until)
    live = Wanted(since, until, router_version=LIVE_ROUTER)
    trial = Wanted(since, until, experiment="trial", arm="learned")
    views: dict[str, Callable[..., object]] = {
        "overview: totals": partial(totals.totals, wanted=wanted, top_tier=TOP_TIER),
        "overview: timeline": partial(totals.timeline, wanted=wanted, top_tier=TOP_TIER, slot_seconds=slot_seconds),
        "overview: sample": partial(search.recent_sample, wanted=wanted),
        "overview: reasons": partial(search.count_values, wanted=wanted, column="reason_code"),
        "overview: tax": partial(search.newest_start, wanted=wanted, n_decisions=5_000),
        "decisions: page": partial(search.find_decisions, wanted=wanted, page=0),
        "decisions: failed": partial(search.find_decisions, wanted=wanted.with_result(FAILED), page=0),
        "decisions: count": partial(search.count_found, wanted=wanted),
        "decisions: count failed": partial(search.count_found, wanted=wanted.with_result(FAILED)),
        "decisions: facets": partial(search.distinct_values, wanted=wanted, columns=FACETS),
        "tasks: page": partial(tasks.find_tasks, wanted=wanted, page=0, only_failed=False),
        "tasks: failed": partial(tasks.find_tasks, wanted=wanted, page=0, only_failed=True),
        "tasks: count": partial(tasks.count_tasks, wanted=wanted),
        "failures": partial(tasks.first_failures, wanted=wanted),
        "task": partial(tasks.read_task, task_id="t-1000"),
        "quality: sample": partial(search.recent_sample, wanted=live),
        "experiments: totals of an arm": partial(totals.totals, wanted=trial, top_tier=TOP_TIER),
        "routers: versions": partial(routers.find_routers, wanted=wanted),
        "routers: promises": partial(routers.promises, wanted=live, tiers=TIERS, slot_seconds=slot_seconds),
    }
    return {name: partial(_ask, view) for name, view in views.items()}


def _ask(view: Callable[..., object], log: DecisionLog) -> object:
    return log.ask(view)
