"""Health, readiness, metrics and the OpenAPI document."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from tierwise.data.records import Attempt, Message, Step, Tool
from tierwise.serving.http import schemas
from tierwise.serving.settings import load_settings
from tierwise.serving.worker import what_it_does_now

OBSERVING = "Observing: nothing is routed, each call goes to the model that it names and is logged."


def test_healthz_is_a_small_json_document(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}


def test_without_a_bundle_the_service_is_ready_decides_by_the_rules_and_says_so(client: TestClient) -> None:
    response = client.get("/readyz")
    assert response.status_code == 200
    assert (response.json()["policy"], response.json()["has_bundle"]) == ("rules", False)
    assert "deciding by the rules" in response.json()["note"]


def test_without_a_bundle_and_without_rules_every_step_goes_to_the_top_tier(start: Callable[..., TestClient]) -> None:
    client = start(rules=False)
    assert client.get("/readyz").json()["note"] == "no bundle is configured; every step goes to 'frontier'"
    answer = client.post("/route", json={"step": {"text": "a", "task_type": "extract"}}).json()
    assert (answer["tier"], answer["policy"], answer["fallback"]) == ("frontier", "always-frontier", False)
    limited = {"step": {"text": "a"}, "options": {"max_tier": "mid"}}
    assert client.post("/route", json=limited).json()["tier"] == "mid"


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({}, "No bundle is configured; every step goes to 'frontier'. Name a bundle to have steps routed."),
        ({"rules": True}, "No bundle is configured; deciding by the rules. Name a bundle to have steps routed."),
        ({"observe": True}, OBSERVING),
        (
            {"observe": True, "mirror_usd_per_day": 2},
            f"{OBSERVING} 5% of them are mirrored, for at most 2 USD a day.",
        ),
    ],
)
def test_a_service_without_a_bundle_says_what_it_does(settings: dict[str, object], line: str) -> None:
    assert what_it_does_now(load_settings({}, **settings)) == line


def test_a_bundle_that_cannot_be_taken_makes_the_service_unready_and_still_deciding(
    start: Callable[..., TestClient], tmp_path: Path
) -> None:
    client = start(bundle=tmp_path / "missing")
    response = client.get("/readyz")
    assert (response.status_code, response.headers["content-type"]) == (503, "application/problem+json")
    assert "missing" in response.json()["detail"]
    assert client.post("/route", json={"step": {"text": "a"}}).json()["policy"] == "rules"
    assert 'tierwise_router_refusals_total{role="champion"} 1.0' in client.get("/metrics").text


def test_metrics_show_tiers_costs_queue_and_stages(client: TestClient) -> None:
    client.post("/route", json={"step": {"text": "a secret text", "task_type": "extract"}})
    metrics = client.get("/metrics").text
    assert 'tierwise_decisions_total{arm="rules",policy="rules",tier="small"} 1.0' in metrics
    assert 'tierwise_decision_seconds_count{stage="total"} 1.0' in metrics
    assert "tierwise_recorder_queue_depth" in metrics
    assert "secret text" not in metrics


def test_every_reference_of_the_openapi_document_leads_somewhere(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert {"/route", "/route/batch", "/outcomes", "/decisions/{decision_id}", "/healthz"} <= set(document["paths"])
    known = document["components"]["schemas"]

    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
            return own + [found for value in node.values() for found in references(value)]
        return [found for value in node for found in references(value)] if isinstance(node, list) else []

    missing = {reference for reference in references(document) if reference.rpartition("/")[2] not in known}
    assert missing == set()


@pytest.mark.parametrize(
    ("model", "record"),
    [
        (schemas.StepBody, Step),
        (schemas.ToolBody, Tool),
        (schemas.MessageBody, Message),
        (schemas.AttemptBody, Attempt),
    ],
)
def test_the_documented_bodies_have_the_fields_of_the_records(model: type, record: type) -> None:
    assert set(model.model_fields) == {field.name for field in fields(record)} - {"extra"}  # type: ignore[attr-defined]
