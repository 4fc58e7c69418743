"""The promise is watched: from a decision log through the application to the alarm, the top tier and the pages."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tests.router_model.monitor.production import World
from tests.serving.conftest import StartApp
from tierwise.data.decision_log import DecisionLog, DecisionRecord
from tierwise.data.records import Decision, LoggedStep, Outcome, Reason, Step
from tierwise.router_model.monitor.promise import PromiseMonitor
from tierwise.router_model.router import Router
from tierwise.serving.routers.slot import RouterSlot
from tierwise.serving.watching.metrics import Metrics
from tierwise.serving.watching.promise import ALARM_ACTION, PromiseWatcher
from tierwise.serving.watching.watched import Watched

NOW = 1_800_000_000.0
BROKEN = World(degraded_from=0, degraded=(0.60, 0.40, 0.90))
KEPT = World(reach=(0.60, 0.90, 0.90))
STEP = {"text": "Extract the total.", "task_type": "extract"}
LOCAL = {"host": "localhost"}


def store(log: DecisionLog, steps: list[LoggedStep], version: str, start: float = NOW - 10_000) -> None:
    """Puts a log of production into a decision log, as if ``version`` had decided."""
    records = []
    for logged in steps:
        known = logged.decision
        assert known is not None
        decision = Decision(
            tier=str(known.tier),
            policy="learned",
            router_version=version,
            reason=Reason(str(known.extra["reason_code"]), str(known.extra.get("reason_text", ""))),
            p_success=known.extra["p_success"],
            propensity=known.propensity or 1.0,
        )
        at = start + (logged.timestamp or 0)
        records.append(DecisionRecord(logged.step_id, Step("a"), decision, at, None, logged.task_id))
    log.record_decisions(records)
    log.record_outcomes([Outcome(logged.step_id, attempt) for logged in steps for attempt in logged.attempts])


@pytest.fixture
def log(tmp_path: Path) -> Iterator[DecisionLog]:
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as opened:
        yield opened


@pytest.fixture
def watch(log: DecisionLog, router: Router) -> Callable[[], Watched]:
    """Looks once, as a process that has just started."""

    def look() -> Watched:
        watched, metrics = Watched(goes_to_top=True), Metrics()
        watcher = PromiseWatcher(lambda: log, RouterSlot(router, metrics), watched, metrics, 1.0, 60.0, lambda: NOW)
        watcher.work()
        return watched

    return look


def test_the_alarm_is_raised_once_whatever_the_number_of_processes(
    log: DecisionLog, router: Router, watch: Callable[[], Watched]
) -> None:
    store(log, list(BROKEN.log(120, seed=1)), router.version)
    for _ in range(2):
        watched = watch()
        assert watched.broken_version == router.version
        assert watched.state is not None
        assert watched.state.is_broken
    entries = [entry for entry in log.audit(router.version) if entry.action == ALARM_ACTION]
    assert len(entries) == 1
    assert "of the top tier's success is lost, with 95% confidence" in entries[0].reason
    assert entries[0].evidence["n_tasks"] == 120


def test_the_look_that_finds_it_broken_shows_it(log: DecisionLog, router: Router) -> None:
    store(log, list(BROKEN.log(120, seed=1)), router.version)
    metrics = Metrics()
    slot = RouterSlot(router, metrics)
    PromiseWatcher(lambda: log, slot, Watched(goes_to_top=True), metrics, 1.0, 60.0, lambda: NOW).work()
    shown = metrics.render()[0]
    assert b"tierwise_promise_broken 1.0" in shown
    assert b"tierwise_promise_alarms_total 1.0" in shown


def test_on_every_database_the_same_is_read(log_url: str, router: Router) -> None:
    metrics, watched = Metrics(), Watched(goes_to_top=False)
    with DecisionLog.open(log_url) as log:
        store(log, list(World(exploration=0.2).log(60, seed=1)), router.version)
        watcher = PromiseWatcher(lambda: log, RouterSlot(router, metrics), watched, metrics, 1.0, 60.0, lambda: NOW)
        watcher.look(log)
    expected = PromiseMonitor(("small", "mid", "frontier"), router.parts.policy.default_max_quality_loss)
    expected.take(World(exploration=0.2).log(60, seed=1))
    assert watched.state is not None
    assert watched.state.n_decisions == 60
    assert watched.state.lower == expected.state().lower


@pytest.mark.slow
def test_it_stands_when_the_evidence_was_pruned_since(
    log: DecisionLog, router: Router, watch: Callable[[], Watched]
) -> None:
    store(log, list(BROKEN.log(120, seed=1)), router.version)
    watch()
    log.prune(before=NOW)
    assert watch().broken_version == router.version


def test_what_another_version_did_or_has_not_settled_says_nothing(
    log: DecisionLog, router: Router, watch: Callable[[], Watched]
) -> None:
    steps = list(BROKEN.log(100, seed=1))
    store(log, steps[:50], "another")
    store(log, steps[50:], router.version, start=NOW - 130)  # the last 60 seconds have not settled
    state = watch().state
    assert state is not None
    assert state.n_tasks == 20
    assert state.since == NOW - 80


@pytest.mark.slow
def test_each_look_reads_on_where_the_last_one_stopped(log: DecisionLog, router: Router) -> None:
    steps = list(KEPT.log(1200, seed=1))
    metrics, watched, now = Metrics(), Watched(goes_to_top=False), [NOW - 9_000.0]
    watcher = PromiseWatcher(lambda: log, RouterSlot(router, metrics), watched, metrics, 1.0, 0.0, lambda: now[0])
    store(log, steps, router.version)
    counts = []
    for now[0] in (NOW - 9_400.0, NOW - 9_400.0, NOW):
        watcher.look(log)
        assert watched.state is not None
        counts.append(watched.state.n_decisions)
    assert counts == [600, 600, 1200]
    assert b"tierwise_promise_tasks 1200.0" in metrics.render()[0]
    assert b"tierwise_promise_broken 0.0" in metrics.render()[0]


def test_without_a_log_it_waits_and_the_rules_promise_nothing(router: Router, start: StartApp) -> None:
    metrics, watched = Metrics(), Watched(goes_to_top=True)
    assert PromiseWatcher(lambda: None, RouterSlot(router, metrics), watched, metrics, 60.0).work() == 1.0
    client = start(promise_seconds=0.01)
    assert client.post("/route", json={"step": STEP}).json()["fallback"] is False


def wait_for_alarm(client: TestClient) -> None:
    for _ in range(1000):
        if "tierwise_promise_broken 1.0" in client.get("/metrics").text:
            return
        time.sleep(0.01)
    raise AssertionError("no alarm")


@pytest.mark.slow
def test_after_the_alarm_the_service_answers_with_the_top_open_tier(
    log: DecisionLog, start: StartApp, bundle_folder: Path, router: Router
) -> None:
    store(log, list(BROKEN.log(120, seed=1)), router.version, start=time.time() - 10_000)
    client = start(bundle=bundle_folder, on_broken_promise="top", promise_seconds=0.02, exploration=0.2)
    wait_for_alarm(client)
    for options, tier in (({}, "frontier"), ({"max_tier": "mid"}, "mid")):
        answer = client.post("/route", json={"step": STEP, "options": options}).json()
        assert (answer["tier"], answer["fallback"], answer["propensity"]) == (tier, True, 1.0)
        assert answer["reason"]["code"] == "promise_broken"
    shown = client.get("/metrics").text
    assert 'tierwise_fallbacks_total{reason="promise_broken"} 2.0' in shown
    assert "tierwise_promise_alarms_total 1.0" in shown
    page = client.get("/dashboard/quality", headers=LOCAL).text
    assert "Does the promise hold?" in page
    assert "broken" in page
    assert "every step goes to the dearest open tier" in page


@pytest.mark.slow
def test_by_default_it_only_warns(log: DecisionLog, start: StartApp, bundle_folder: Path, router: Router) -> None:
    store(log, list(BROKEN.log(120, seed=1)), router.version, start=time.time() - 10_000)
    client = start(bundle=bundle_folder, promise_seconds=0.02)
    wait_for_alarm(client)
    assert client.post("/route", json={"step": STEP}).json()["reason"]["code"] != "promise_broken"
    page = client.get("/dashboard/quality", headers=LOCAL).text
    assert "TIERWISE_ON_BROKEN_PROMISE" in page


@pytest.mark.slow
def test_another_version_begins_anew(log: DecisionLog, start: StartApp, bundle_folder: Path, router: Router) -> None:
    store(log, list(BROKEN.log(120, seed=1)), "the-one-before", start=time.time() - 10_000)
    store(log, list(KEPT.log(50, seed=1)), router.version, start=time.time() - 10_000)
    client = start(bundle=bundle_folder, on_broken_promise="top", promise_seconds=0.02)
    for _ in range(1000):
        if "tierwise_promise_tasks 50.0" in client.get("/metrics").text:
            break
        time.sleep(0.01)
    assert "tierwise_promise_broken 0.0" in client.get("/metrics").text
    assert client.post("/route", json={"step": STEP}).json()["reason"]["code"] != "promise_broken"


def test_a_budget_of_the_caller_is_kept(router: Router) -> None:
    from tierwise.router_model.options import DecideOptions
    from tierwise.serving.http.wire import RouteRequest

    watched = Watched(goes_to_top=True)
    watched.broken_version = router.version
    step = Step("Extract the total.", task_type="extract")
    decision = router.decide(step)
    limit = decision.expected_cost_usd["frontier"] * 0.99
    for options, allowed in ((DecideOptions(max_cost_usd=limit), {"small", "mid"}), (DecideOptions(), {"frontier"})):
        kept = watched.kept(decision, RouteRequest(step, options, None, None, None, {}), router)
        assert kept.tier in allowed
    assert watched.kept(decision, RouteRequest(step, DecideOptions(), None, None, None, {}), router).is_fallback
