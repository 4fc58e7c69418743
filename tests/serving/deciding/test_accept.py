"""Courses over HTTP: ordered with the decision, judged without memory, and never an error of ours."""

import pytest
from starlette.testclient import TestClient

from tests.serving.conftest import StartApp
from tierwise.router_model.router import Router

STEP = {"text": "How many? (7)", "task_type": "count"}
OPTIONS = {"courses": True, "max_quality_loss": 0.05}
SAME = [{"tier": "small", "output": "The answer is 7."}, {"tier": "mid", "output": "**7**"}]


@pytest.fixture
def client(start: StartApp, answered: Router) -> TestClient:
    return start(answered)


def test_the_course_stands_beside_the_unchanged_rest(client: TestClient) -> None:
    plain = client.post("/route", json={"step": STEP, "options": {"max_quality_loss": 0.05}}).json()
    found = client.post("/route", json={"step": STEP, "options": OPTIONS}).json()
    assert "course" not in plain
    assert {name: found[name] for name in ("tier", "model", "p_success", "reason")} == {
        name: plain[name] for name in ("tier", "model", "p_success", "reason")
    }
    assert found["course"]["ask"] == ["small", "mid"]
    assert found["course"]["otherwise"] == "frontier"


def test_answers_are_accepted_or_the_top_tier_is_asked(client: TestClient) -> None:
    body = {"decision_id": "d-1", "step": STEP, "options": OPTIONS, "answers": SAME}
    found = client.post("/accept", json=body).json()
    assert (found["ask"], found["is_same"]) == (None, True)
    assert found["accept"] in ("small", "mid")
    assert set(found["p_success"]) == {"small", "mid", "frontier"}
    unlike = [SAME[0], {"tier": "mid", "output": "812"}]
    found = client.post("/accept", json=body | {"answers": unlike}).json()
    assert (found["accept"], found["ask"], found["is_same"]) == (None, "frontier", False)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"answers": []}, "answers"),
        ({"answers": [{"output": "7"}]}, "answers[0].tier"),
        ({"answers": [{"tier": "huge", "output": "7"}]}, "answers[0].tier"),
        ({"answers": ["7"]}, "answers[0]"),
        ({"decision_id": None}, "decision_id"),
        ({"options": {"course": True}}, "options.course"),
        ({"step": {}}, "step.text"),
    ],
)
def test_a_bad_body_is_a_problem_that_names_the_field(
    client: TestClient, change: dict[str, object], field: str
) -> None:
    body = {"decision_id": "d-1", "step": STEP, "options": OPTIONS, "answers": SAME} | change
    answer = client.post("/accept", json=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["field"].startswith(field.partition(".text")[0])


def test_trouble_inside_asks_the_top_tier(
    client: TestClient, answered: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(answered), "accept", lambda *_: 1 / 0)
    found = client.post("/accept", json={"decision_id": "d-1", "step": STEP, "answers": SAME})
    assert found.status_code == 200
    assert (found.json()["accept"], found.json()["ask"]) == (None, "frontier")


def test_without_a_bundle_there_are_single_shots(start: StartApp) -> None:
    client = start()
    found = client.post("/route", json={"step": STEP, "options": {"courses": True}}).json()
    assert found["course"] == {"ask": [found["tier"]], "accept": "always", "otherwise": found["tier"]}
    body = {"decision_id": found["decision_id"], "step": STEP, "answers": [{"tier": found["tier"], "output": "7"}]}
    assert client.post("/accept", json=body).json()["accept"] == found["tier"]
    several = [{"tier": tier, "output": "7"} for tier in ("small", "mid")]
    assert client.post("/accept", json=body | {"answers": several}).json()["accept"] == "mid", "the dearest of several"


def test_the_document_holds_both_bodies(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert "/accept" in document["paths"]
    assert {"AcceptBody", "AcceptAnswer", "CourseAnswer"} <= document["components"]["schemas"].keys()
