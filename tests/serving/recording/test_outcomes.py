"""POST /outcomes: durable when answered, counted once, refused when the database is away."""

import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog
from tierwise.data.drawing.draw import draw_steps


def route(client: TestClient) -> str:
    decision_id: str = client.post("/route", json={"step": {"text": "a"}}).json()["decision_id"]
    return decision_id


def test_an_answered_outcome_is_in_the_database(client: TestClient, tmp_path: Path) -> None:
    decision_id = route(client)
    answer = client.post("/outcomes", json={"decision_id": decision_id, "tier": "small", "success": True})
    assert answer.json() == {"new": 1, "duplicate": 0, "unknown": 0, "contradictory": 0}
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
    assert [attempt.success for attempt in step.attempts] == [True]


def test_posting_twice_counts_once(client: TestClient) -> None:
    body = {"decision_id": route(client), "tier": "small", "idempotency_key": "k"}
    client.post("/outcomes", json=body)
    assert client.post("/outcomes", json=[body, body]).json()["duplicate"] == 2


def test_unknown_and_contradictory_outcomes_are_stored_and_counted(client: TestClient) -> None:
    decision_id = route(client)
    batch = [
        {"decision_id": decision_id, "tier": "small", "success": True, "cost_usd": 0.25},
        {"decision_id": decision_id, "tier": "small", "success": False, "cost_usd": 0.25},
        {"decision_id": "nobody", "tier": "mid"},
    ]
    assert client.post("/outcomes", json=batch).json() == {"new": 3, "duplicate": 0, "unknown": 1, "contradictory": 1}
    metrics = client.get("/metrics").text
    assert 'tierwise_outcomes_total{result="unknown"} 1.0' in metrics
    assert 'tierwise_outcome_cost_usd_total{tier="small"} 0.5' in metrics
    assert 'tierwise_outcome_attempts_total{success="unknown",tier="mid"} 1.0' in metrics


def test_a_bad_outcome_in_a_list_is_named_and_nothing_is_stored(client: TestClient) -> None:
    good = {"decision_id": "a", "tier": "small"}
    response = client.post("/outcomes", json=[good, {"decision_id": "a", "tier": 7}])
    assert (response.status_code, response.json()["field"]) == (422, "[1].tier")
    assert client.post("/outcomes", json=good).json()["new"] == 1


def test_a_tier_that_no_catalogue_has_is_refused_and_named(client: TestClient) -> None:
    good = {"decision_id": "a", "tier": "small"}
    response = client.post("/outcomes", json=[good, good | {"tier": "unheard of"}])
    assert (response.status_code, response.json()["field"]) == (422, "[1].tier")
    assert response.json()["detail"] == "[1].tier: is 'unheard of'; the tiers are small, mid, frontier"
    decided = good | {"decided_by_caller": CALLER_DECISION | {"tier": "unheard of"}}
    assert client.post("/outcomes", json=decided).json()["field"] == "decided_by_caller.tier"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("input_tokens", 10**12),
        ("output_tokens", 10**9),
        ("cached_tokens", 2**53),
        ("cost_usd", 1e12),
        ("latency_ms", 1e300),
        ("score", -1e300),
    ],
)
def test_numbers_that_no_call_comes_to_are_refused_and_named(field: str, value: float, client: TestClient) -> None:
    response = client.post("/outcomes", json={"decision_id": "a", "tier": "small", field: value})
    assert (response.status_code, response.json()["field"]) == (422, field)
    assert "at most" in response.json()["detail"]


def test_tokens_are_priced_by_the_catalogue(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    tiers = tmp_path / "tiers.toml"
    prices = "input_usd_per_mtok = 1.0\noutput_usd_per_mtok = 10.0\n"
    models = [f'[[tiers]]\nname = "{name}"\n[[tiers.models]]\nname = "{name}-1"\n{prices}' for name in ("small", "top")]
    tiers.write_text("\n".join(models))
    client = start(tiers=tiers)
    tokens = {"input_tokens": 1000, "output_tokens": 100}
    batch = [
        {"decision_id": "a", "tier": "small", **tokens},
        {"decision_id": "a", "tier": "top", **tokens, "cost_usd": 0.5},
        {"decision_id": "b", "tier": "top", **tokens, "output_tokens": 0, "error": "timeout"},
    ]
    assert client.post("/outcomes", json=batch).json()["new"] == 3
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log, log._engine.connect() as connection:
        stored = connection.execute(text("SELECT cost_usd FROM outcomes ORDER BY seq")).scalars().all()
    assert stored == [0.002, 0.5, None]


def test_an_empty_list_is_answered_with_zeros(client: TestClient) -> None:
    assert client.post("/outcomes", json=[]).json()["new"] == 0


def test_a_locked_database_refuses_outcomes_and_lets_decisions_flow(start, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    client = start(log_timeout_seconds=0.1, outcome_timeout_seconds=5)
    decision_id = route(client)
    outcome = {"decision_id": decision_id, "tier": "small", "success": True}
    client.post("/outcomes", json={"decision_id": "first", "tier": "small"})
    engine = create_engine(f"sqlite:///{tmp_path}/decisions.db")
    with engine.connect() as other:
        other.exec_driver_sql("BEGIN EXCLUSIVE")
        response = client.post("/outcomes", json=outcome)
        assert (response.status_code, response.headers["retry-after"]) == (503, "2")
        assert response.headers["content-type"] == "application/problem+json"
        later = [route(client) for _ in range(20)]
        assert client.get("/readyz").json()["is_log_reachable"] is False
    engine.dispose()
    _wait_until_stored(client, later[-1])
    assert client.post("/outcomes", json=outcome).json()["new"] == 1
    assert all(client.get(f"/decisions/{each}").status_code == 200 for each in later)


def test_a_database_that_never_was_there_lets_decisions_flow(start) -> None:  # type: ignore[no-untyped-def]
    client = start(log_url="postgresql://nobody@127.0.0.1:1/nothing", drain_seconds=0.1, queue_size=5)
    ids = [route(client) for _ in range(10)]
    assert len(set(ids)) == 10
    assert client.post("/outcomes", json={"decision_id": "a", "tier": "small"}).status_code == 503
    assert client.get(f"/decisions/{ids[0]}").status_code == 503
    assert "tierwise_dropped_decisions_total 5.0" in client.get("/metrics").text


def _wait_until_stored(client: TestClient, decision_id: str) -> None:
    for _ in range(1200):
        if client.get(f"/decisions/{decision_id}").status_code == 200:
            return
        time.sleep(0.05)
    raise AssertionError("the decision was never stored")


CALLER_DECISION = {
    "step": {"text": "Extract.", "role": "execute"},
    "task_id": "t-1",
    "decided_at": "2026-11-01T12:00:00Z",
    "tier": "small",
    "policy": "rules",
    "arm": "local",
    "propensity": 1.0,
    "fallback": True,
}


def test_a_decision_that_the_caller_took_is_stored_with_its_outcome(client: TestClient, tmp_path: Path) -> None:
    outcome = {"decision_id": "l-1", "tier": "small", "success": False, "decided_by_caller": CALLER_DECISION}
    escalated = outcome | {"tier": "mid", "success": True}
    assert client.post("/outcomes", json=[outcome, escalated]).json()["new"] == 2
    assert client.post("/outcomes", json=outcome).json()["duplicate"] == 1
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
        assert log.count_unknown_outcomes() == 0
    assert (step.task_id, step.timestamp, step.step.extra) == ("t-1", 1793534400.0, {"role": "execute"})
    assert step.decision is not None
    assert (step.decision.tier, step.decision.arm, step.decision.propensity) == ("small", "local", 1.0)
    assert [(attempt.tier, attempt.success, attempt.extra) for attempt in step.attempts] == [
        ("small", False, {}),
        ("mid", True, {}),
    ]


def test_a_caller_that_does_not_say_so_stood_in_all_the_same(client: TestClient, tmp_path: Path) -> None:
    told = {name: value for name, value in CALLER_DECISION.items() if name != "fallback"}
    outcome = {"decision_id": "l-2", "tier": "small", "success": True, "decided_by_caller": told}
    assert client.post("/outcomes", json=outcome).json()["new"] == 1
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
    assert step.decision is not None
    assert step.decision.extra["fallback"] is True


def test_a_decision_of_the_caller_never_replaces_one_of_the_service(client: TestClient, tmp_path: Path) -> None:
    outcome = {"decision_id": route(client), "tier": "small", "decided_by_caller": CALLER_DECISION}
    assert client.post("/outcomes", json=outcome).json()["new"] == 1
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        (step,) = log.logged_steps()
    assert step.step.text == "a"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"step": None}, "decided_by_caller.step"),
        ({"tier": 7}, "decided_by_caller.tier"),
        ({"propensity": 2}, "decided_by_caller.decision.propensity"),
        ({"decided_at": "yesterday"}, "decided_by_caller.timestamp"),
        ({"p_success": {"small": "high"}}, "decided_by_caller.p_success"),
        ({"p_success": {"small": -0.1}}, "decided_by_caller.p_success"),
        ({"expected_cost_usd": {"small": 2e6}}, "decided_by_caller.expected_cost_usd"),
    ],
)
def test_a_bad_decision_of_the_caller_is_named(client: TestClient, change: dict[str, object], field: str) -> None:
    outcome = {"decision_id": "l-1", "tier": "small", "decided_by_caller": CALLER_DECISION | change}
    response = client.post("/outcomes", json=outcome)
    assert (response.status_code, response.json()["field"]) == (422, field)


def test_how_a_task_ended_reaches_the_log_and_is_no_attempt(client: TestClient, tmp_path: Path) -> None:
    bodies = [{"step": {"text": f"step {n}"}, "task_id": "t", "step_id": f"s-{n}"} for n in range(3)]
    ids = [client.post("/route", json=body).json()["decision_id"] for body in bodies]
    ran = {"decision_id": ids[2], "tier": "small", "cost_usd": 0.1}
    word = {"decision_id": ids[2], "tier": "small", "task_success": False, "evaluator": "tests"}
    assert client.post("/outcomes", json=[word, ran, word]).json()["new"] == 2
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        steps = sorted(log.logged_steps(), key=lambda step: step.step_id)
    (attempt,) = steps[2].attempts
    assert (attempt.cost_usd, attempt.success, attempt.task_success) == (0.1, None, False)
    drawn = draw_steps(steps, ("small", "mid", "frontier"), 0)
    assert (len(drawn.steps), len(drawn.weak), drawn.tasks["t"].success) == (0, 3, False)
    refused = client.post("/outcomes", json=word | {"task_success": "no"})
    assert (refused.status_code, refused.json()["field"]) == (422, "task_success")
