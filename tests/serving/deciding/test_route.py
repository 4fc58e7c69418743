"""POST /route and /route/batch: the contract of the answer, the cache, trouble in the router."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import StartApp
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.router import Router
from tierwise.serving.deciding import desk

ANSWER_FIELDS = [
    "decision_id",
    "tier",
    "model",
    "p_success",
    "expected_cost_usd",
    "policy",
    "router_version",
    "arm",
    "propensity",
    "reason",
    "fallback",
    "unfamiliar",
    "latency_ms",
]


@dataclass
class ScriptedRouter:
    """Decides for the cheapest tier, or raises what it is told to."""

    error: Exception | None = None
    version: str = "v1"
    policy: str = "learned"
    catalogue: TierCatalogue = field(default_factory=TierCatalogue.load)
    guardrails: Guardrails = field(default_factory=Guardrails)
    is_slow: bool = False
    n_decided: int = 0

    def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
        options.check(self.catalogue)
        self.n_decided += 1
        if self.error is not None:
            raise self.error
        return Decision(
            "small",
            self.policy,
            self.version,
            Reason("cheapest_enough", f"{len(step.text)} characters."),
            p_success={"small": 0.9, "mid": 0.95, "frontier": 0.97},
            expected_cost_usd={"small": 1e-05, "mid": 1e-4, "frontier": 1e-3},
            explanation=("It is short.",),
            explanation_figures={"margin": 0.5},
        )


def test_the_answer_has_exactly_the_fields_of_the_contract(client: TestClient) -> None:
    body = {"step": {"text": "Extract the total.", "task_type": "extract"}, "task_id": "t", "step_id": "s"}
    answer = client.post("/route", json=body).json()
    assert sorted(answer) == sorted(ANSWER_FIELDS)
    assert answer["unfamiliar"] is False
    assert (answer["tier"], answer["policy"], answer["arm"]) == ("small", "rules", "rules")
    assert answer["reason"] == {"code": "rule_simple_task", "text": "'extract' without judgment is simple work."}
    assert (answer["propensity"], answer["fallback"]) == (1.0, False)
    assert answer["latency_ms"] > 0


def test_an_explanation_comes_only_when_it_is_asked_for(start) -> None:  # type: ignore[no-untyped-def]
    client = start(decider=ScriptedRouter())
    asked = client.post("/route", json={"step": {"text": "a"}, "options": {"explain": True}}).json()
    assert asked["explanation"] == ["It is short."]
    assert asked["explanation_figures"] == {"margin": 0.5}
    silent = client.post("/route", json={"step": {"text": "a"}}).json()
    assert not {"explanation", "explanation_figures"} & set(silent)


def test_options_and_session_reach_the_router(client: TestClient) -> None:
    body = {"step": {"text": "Extract.", "task_type": "extract"}, "options": {"min_tier": "mid"}}
    assert client.post("/route", json=body).json()["tier"] == "mid"
    body = {"step": {"text": "Think."}, "options": {"max_tier": "mid"}, "session": {"current_tier": "small"}}
    assert client.post("/route", json=body).json()["tier"] == "mid"


def test_a_batch_is_answered_in_order(client: TestClient) -> None:
    kinds = ["extract", "plan", "classify"]
    requests = [{"step": {"text": kind, "task_type": kind}} for kind in kinds]
    answer = client.post("/route/batch", json={"requests": requests}).json()
    assert [decision["tier"] for decision in answer["decisions"]] == ["small", "frontier", "small"]
    assert len({decision["decision_id"] for decision in answer["decisions"]}) == 3


@pytest.mark.slow
def test_a_batch_decides_bit_for_bit_what_single_requests_get_and_asks_the_router_together(
    start: StartApp, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    n_asked: list[int] = []
    decide_many = Router.decide_many

    def counting(self: Router, steps: Sequence[Step], options: DecideOptions = NO_OPTIONS) -> list[Decision]:
        n_asked.append(len(steps))
        return decide_many(self, steps, options)

    kinds = ("extract", "plan", "classify", None)
    requests = [
        {"step": {"text": f"Look at number {i % 60}.", "task_type": kinds[i % 4]}, "task_id": f"t-{i}"}
        | ({"options": {"min_tier": "mid"}} if i % 3 else {})
        for i in range(80)
    ]
    alone = start(decider=router, cache_entries=0)
    singles = [alone.post("/route", json=one).json() for one in requests]
    monkeypatch.setattr(Router, "decide_many", counting)
    batch = start(decider=router).post("/route/batch", json={"requests": requests}).json()["decisions"]
    own = {"decision_id": None, "latency_ms": None}
    assert [one | own for one in batch] == [one | own for one in singles]
    assert n_asked == [11, 21, 19, 9]  # by options, in turns of 32; the last twenty are known from the first


def test_others_come_in_between_the_turns_of_a_batch_which_never_rests(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(desk, "asyncio", SimpleNamespace(sleep=note))
    requests = [{"step": {"text": f"Look at number {i}."}} for i in range(80)]
    assert client.post("/route/batch", json={"requests": requests}).status_code == 200
    assert pauses == [0] * 5, "two while it reads, three while it decides"


def test_a_bad_option_in_a_batch_is_named_by_its_place(start: StartApp, router: Router) -> None:
    requests = [{"step": {"text": "a"}}, {"step": {"text": "b"}, "options": {"min_tier": "huge"}}]
    response = start(decider=router).post("/route/batch", json={"requests": requests})
    assert response.status_code == 422
    assert response.json()["field"].startswith("requests[1].options.min_tier")


def test_trouble_in_a_batch_gives_each_step_the_fallback_tier(start: StartApp) -> None:
    class Broken(ScriptedRouter):
        def decide_many(self, steps: Sequence[Step], options: DecideOptions = NO_OPTIONS) -> list[Decision]:
            raise RuntimeError(f"broken: {len(steps)} {options}")

    client = start(decider=Broken(RuntimeError("broken")))
    answer = client.post("/route/batch", json={"requests": [{"step": {"text": str(i)}} for i in range(3)]})
    assert [one["fallback"] for one in answer.json()["decisions"]] == [True] * 3


def test_a_bad_request_in_a_batch_is_named_by_its_place(client: TestClient) -> None:
    requests = [{"step": {"text": "a"}}, {"step": {"text": 7}}]
    response = client.post("/route/batch", json={"requests": requests})
    assert (response.status_code, response.json()["field"]) == (422, "requests[1].step.text")


def test_a_batch_that_is_too_large_is_refused(start) -> None:  # type: ignore[no-untyped-def]
    response = start(max_batch=2).post("/route/batch", json={"requests": [{"step": {"text": "a"}}] * 3})
    assert response.status_code == 422
    assert "at most 2" in response.json()["detail"]


def test_a_step_that_recurs_is_decided_once_and_recorded_each_time(start) -> None:  # type: ignore[no-untyped-def]
    router = ScriptedRouter()
    client = start(decider=router)
    bodies = [{"step": {"text": "same"}, "task_id": f"t-{i}"} for i in range(5)]
    ids = {client.post("/route", json=body).json()["decision_id"] for body in bodies}
    client.post("/route", json={"step": {"text": "same"}, "options": {"min_tier": "small"}})
    assert router.n_decided == 2
    assert len(ids) == 5
    assert 'tierwise_cache_requests_total{result="hit"} 4.0' in client.get("/metrics").text


@pytest.mark.parametrize("error", [RuntimeError("secret prompt"), MemoryError(), KeyError("x"), RecursionError()])
def test_trouble_in_the_router_gives_the_fallback_tier(start, error: Exception, caplog) -> None:  # type: ignore[no-untyped-def]
    client = start(decider=ScriptedRouter(error))
    response = client.post("/route", json={"step": {"text": "secret prompt"}})
    answer = response.json()
    assert response.status_code == 200
    assert (answer["tier"], answer["fallback"], answer["reason"]["code"]) == ("frontier", True, "router_error")
    assert 'tierwise_fallbacks_total{reason="router_error"} 1.0' in client.get("/metrics").text
    assert "secret prompt" not in caplog.text
    assert type(error).__name__ in caplog.text


def test_the_fallback_tier_can_be_configured_and_stays_within_the_request(start) -> None:  # type: ignore[no-untyped-def]
    client = start(decider=ScriptedRouter(RuntimeError()), fallback_tier="mid")
    assert client.post("/route", json={"step": {"text": "a"}}).json()["tier"] == "mid"
    body = {"step": {"text": "a"}, "options": {"max_tier": "small"}}
    assert client.post("/route", json=body).json()["tier"] == "small"


def test_a_decision_can_be_read_back_with_its_outcomes(client: TestClient) -> None:
    body = {"step": {"text": "mail ada@example.org"}, "task_id": "t", "session_id": "u", "step_id": "s"}
    decision_id = client.post("/route", json=body).json()["decision_id"]
    client.post("/outcomes", json={"decision_id": decision_id, "tier": "small", "success": False})
    stored = client.get(f"/decisions/{decision_id}").json()
    assert stored["step"] == {"text": "mail [email]"}
    assert (stored["task_id"], stored["session_id"], stored["step_id"]) == ("t", "u", "s")
    assert [(each["tier"], each["success"]) for each in stored["outcomes"]] == [("small", False)]


def test_a_decision_that_is_not_there_is_a_404(client: TestClient) -> None:
    client.post("/outcomes", json={"decision_id": "x", "tier": "small"})  # opens the log
    response = client.get("/decisions/nobody")
    assert (response.status_code, response.json()["type"]) == (404, "urn:tierwise:problem:decision-unknown")


@pytest.mark.parametrize("task_id", ["t/1", "two\nlines\n", "\u00e9 \u2028?#%"])
def test_a_task_can_be_deleted_whatever_it_is_called(client: TestClient, task_id: str) -> None:
    answer = client.post("/route", json={"step": {"text": "a"}, "task_id": task_id}).json()
    client.post("/outcomes", json={"decision_id": answer["decision_id"], "tier": "small"})
    assert client.delete(f"/tasks/{quote(task_id, safe='')}").json() == {"decisions": 1, "outcomes": 1}
    assert client.get(f"/decisions/{answer['decision_id']}").status_code == 404


def test_the_latency_is_that_of_the_decision(start) -> None:  # type: ignore[no-untyped-def]
    class SlowRouter(ScriptedRouter):
        def decide(self, step: Step, options: DecideOptions = NO_OPTIONS) -> Decision:
            time.sleep(0.02)
            return super().decide(step, options)

    assert start(decider=SlowRouter()).post("/route", json={"step": {"text": "a"}}).json()["latency_ms"] >= 20
