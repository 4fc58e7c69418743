"""Whatever is sent, the service answers with a decision or a problem document below 500."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

JSON = {"content-type": "application/json"}
LONG = 100_000


@pytest.mark.parametrize(
    "step",
    [
        {"text": ""},
        {"text": "x" * LONG},
        {"text": "👍🏽 👩‍👩‍👧 " * 100},
        {"text": "שלום עולם مرحبا"},
        {"text": "\u0000\u0007\ufeff"},
        {"messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}, {"type": "image_url"}]}]},
        {"text": "a", "unknown": {"deep": [[[[1]]]]}},
        {"text": "a", "task_type": "x" * LONG, "agent": "\u202e"},
        {"text": "a", "input_tokens": 10**15, "step_index": 0, "retry": 10**9},
        {"text": "a", "tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": 5}}}]},
        {"text": "a", "response_schema": {"properties": None}},
    ],
)
def test_strange_steps_are_decided(client: TestClient, step: dict[str, object]) -> None:
    response = client.post("/route", json={"step": step})
    assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "step"),
        ({"step": None}, "step"),
        ({"step": []}, "step"),
        ({"step": {}}, "step"),
        ({"step": {"text": 7}}, "step.text"),
        ({"step": {"text": "a", "tools": "search"}}, "step.tools"),
        ({"step": {"text": "a", "tools": [1]}}, "step.tools[0]"),
        ({"step": {"messages": [{"role": 1, "content": "a"}]}}, "step.messages[0].role"),
        ({"step": {"text": "a", "input_complexity": "high"}}, "step.input_complexity"),
        ({"step": {"text": "a", "input_complexity": 11}}, "step.input_complexity"),
        ({"step": {"text": "a", "requires_judgment": "no"}}, "step.requires_judgment"),
        ({"step": {"text": "a", "input_tokens": -1}}, "step.input_tokens"),
        ({"step": {"text": "a"}, "task_id": 7}, "task_id"),
        ({"step": {"text": "a"}, "optoins": {}}, "optoins"),
        ({"step": {"text": "a"}, "options": []}, "options"),
        ({"step": {"text": "a"}, "options": {"max_quality_los": 0.1}}, "options.max_quality_los"),
        ({"step": {"text": "a"}, "options": {"max_quality_loss": 2}}, "options.max_quality_loss"),
        ({"step": {"text": "a"}, "options": {"max_quality_loss": True}}, "options.max_quality_loss"),
        ({"step": {"text": "a"}, "options": {"min_tier": "huge"}}, "options.min_tier"),
        ({"step": {"text": "a"}, "options": {"explain": "yes"}}, "options.explain"),
        ({"step": {"text": "a"}, "session": {"cached_tokens": -1}}, "session.cached_tokens"),
        ({"step": {"text": "a"}, "session": {"current_tier": 5}}, "session.current_tier"),
        ([], "body"),
        ("text", "body"),
    ],
)
def test_a_wrong_request_is_told_its_field(client: TestClient, body: object, field: str) -> None:
    response = client.post("/route", json=body)
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["field"]) == (422, 422, field)
    assert problem["detail"].startswith(field)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"step": {"text": "a"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b'{"step": {"text": "a", "input_tokens": ' + b"9" * 10_000 + b"}}",
        b"nonsense",
        b"null",
    ],
)
def test_what_is_no_json_is_a_400_or_422(client: TestClient, body: bytes) -> None:
    for path in ("/route", "/route/batch", "/outcomes"):
        response = client.post(path, content=body, headers=JSON)
        assert response.status_code in (400, 422), response.text
        assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("number", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_numbers_that_are_none_are_told_their_field(client: TestClient, number: bytes) -> None:
    body = b'{"step": {"text": "a", "input_complexity": ' + number + b"}}"
    response = client.post("/route", content=body, headers=JSON)
    assert (response.status_code, response.json()["field"]) == (422, "step.input_complexity")
    body = b'{"step": {"text": "a"}, "options": {"max_cost_usd": ' + number + b"}}"
    response = client.post("/route", content=body, headers=JSON)
    assert (response.status_code, response.json()["field"]) == (422, "options.max_cost_usd")


@pytest.mark.slow
@pytest.mark.parametrize("text", [rb"\ud83d", rb"\ude00 after", rb"a\ud800b\ud83d\ude00"])
def test_half_an_emoji_is_decided_and_recorded(client: TestClient, text: bytes) -> None:
    response = client.post("/route", content=b'{"step": {"text": "' + text + b'"}}', headers=JSON)
    assert response.status_code == 200
    outcome = {"decision_id": response.json()["decision_id"], "tier": "small"}
    assert client.post("/outcomes", json=outcome).json()["unknown"] == 0


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/x-www-form-urlencoded", "multipart/x"])
def test_another_content_type_is_refused(client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = client.post("/route", content=b'{"step": {"text": "a"}}', headers=headers)
    assert (response.status_code, response.json()["field"]) == (415, "Content-Type")


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"])
def test_json_by_any_name_is_taken(client: TestClient, content_type: str) -> None:
    response = client.post("/route", content=b'{"step": {"text": "a"}}', headers={"content-type": content_type})
    assert response.status_code == 200


def test_a_body_above_the_limit_is_refused_with_and_without_its_length(start) -> None:  # type: ignore[no-untyped-def]
    client = start(max_body_bytes=2048)
    body = json.dumps({"step": {"text": "x" * 3000}}).encode()
    assert client.post("/route", content=body, headers=JSON).status_code == 413
    chunks = (body[i : i + 500] for i in range(0, len(body), 500))
    assert client.post("/route", content=chunks, headers=JSON).status_code == 413


def test_unknown_paths_and_methods_are_problem_documents(client: TestClient) -> None:
    assert (client.get("/nothing").status_code, client.get("/route").status_code) == (404, 405)
    assert client.get("/nothing").headers["content-type"] == "application/problem+json"
    assert client.get("/route").json()["title"] == "Method not allowed"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ["text", "messages", "tools", "response_schema", "input_complexity", "input_tokens", "retry", "agent", "extra"]
STEPS = st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5).map(lambda step: {"text": "a"} | step)
BODIES = VALUES | st.fixed_dictionaries({"step": STEPS}, optional={"options": VALUES, "session": VALUES})


@pytest.mark.slow
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
def test_no_json_makes_the_service_fail(client: TestClient, body: object) -> None:
    content = json.dumps(body).encode()
    for path in ("/route", "/outcomes"):
        response = client.post(path, content=content, headers=JSON)
        assert response.status_code < 500, response.text


@pytest.mark.slow
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(outcome=st.dictionaries(st.sampled_from(["tier", "success", "cost_usd", "reported_at", "error", "x"]), VALUES))
def test_no_outcome_makes_the_service_fail(client: TestClient, outcome: dict[str, object]) -> None:
    content = json.dumps({"decision_id": "d", "tier": "small"} | outcome).encode()
    assert client.post("/outcomes", content=content, headers=JSON).status_code < 500
    assert client.get("/decisions/d").status_code in (200, 404)
