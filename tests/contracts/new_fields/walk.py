"""Walks fields that only an edited ``records.py`` has from a request to an explanation; fails where one gets lost.

Run by test_new_fields.py in a process of its own: ``walk.py LOG_URL FOLDER``.
"""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet
from starlette.testclient import TestClient

from tierwise.agents.client.decision import local_decision, served_decision
from tierwise.agents.client.outcome import make_outcome, outcome_to_wire
from tierwise.agents.client.request import make_request
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.decision_log.export import ExportFolder
from tierwise.data.decision_log.views.days import all_dates
from tierwise.data.records import Decision, LoggedStep, Step
from tierwise.data.step_log import load_step_logs, write_step_log
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings
from tierwise.training.config import TrainConfig
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import train_router

N_STEPS = 240
CATALOGUE = TierCatalogue.load()
SMALL, MID, TOP = CATALOGUE.names
CONFIG = TrainConfig(n_folds=3, n_components=4, booster=BoosterParams(n_rounds=24, learning_rate=0.2, num_leaves=7))


class BudgetedRules(RulesRouter):
    """The rules, and a decision's new field."""

    def decide(self, step: Step, options: DecideOptions = DecideOptions()) -> Decision:  # noqa: B008
        return replace(super().decide(step, options), budget_left_usd=12.5, is_unfamiliar=True)


def main(log_url: str, folder: Path) -> None:
    settings = load_settings({}, log_url=log_url, flush_seconds=0.01, state_folder=folder, rules=True)
    with TestClient(create_app(settings, BudgetedRules(CATALOGUE)), "http://localhost") as client:
        check_documents(client.get("/openapi.json").json()["components"]["schemas"])
        check_refusals(client)
        ids = route_all(client)
        check_client(client)
        report_all(client, ids)
    with DecisionLog.open(log_url) as log:
        check_stored(log, ids)
        steps = export(log, folder)
    check_exported(steps)
    write_step_log(folder / "again.jsonl.gz", steps)
    assert load_step_logs([folder / "again.jsonl.gz"]).steps == tuple(steps)
    train_router(steps, CATALOGUE, CONFIG).save(folder / "bundle")
    check_explained(Router.load(folder / "bundle"))


def step_of(i: int) -> dict[str, Any]:
    text = f"Summarise report {i % 7} for the team."
    return {"text": text, "task_type": "write", "urgency": float(i % 10), "tenant": "acme" if i % 3 else "globex"}


def outcomes(i: int, decision_id: str) -> list[dict[str, Any]]:
    """The small tier succeeds where nothing is urgent, the others always."""
    tried = ((SMALL, i % 10 < 5, 0.001), (MID, True, 0.01), (TOP, True, 0.05))
    return [
        {
            "decision_id": decision_id,
            "tier": tier,
            "success": good,
            "cost_usd": usd,
            "region": "eu mail ada@example.org",
        }
        for tier, good, usd in tried
    ]


def check_documents(schemas: dict[str, Any]) -> None:
    assert schemas["StepBody"]["properties"]["urgency"]["description"] == "how soon it is needed"
    assert "region" in schemas["AttemptBody"]["properties"]
    for answer in ("DecisionAnswer", "StoredDecisionAnswer", "CallerDecisionBody"):
        assert {"budget_left_usd", "unfamiliar"} <= schemas[answer]["properties"].keys()


def check_refusals(client: TestClient) -> None:
    refused = client.post("/route", json={"step": step_of(0) | {"urgency": "soon"}})
    assert (refused.status_code, refused.json()["field"]) == (422, "step.urgency")


def route_all(client: TestClient) -> list[str]:
    ids = []
    for i in range(N_STEPS):
        answer = client.post("/route", json={"step": step_of(i), "step_id": f"s-{i}"}).json()
        assert (answer["budget_left_usd"], answer["unfamiliar"]) == (12.5, True)
        ids.append(answer["decision_id"])
    return ids


def report_all(client: TestClient, ids: list[str]) -> None:
    reports = [one for i, decision_id in enumerate(ids) for one in outcomes(i, decision_id)]
    for start in range(0, len(reports), 100):
        assert client.post("/outcomes", json=reports[start : start + 100]).json()["new"] == len(reports[start:][:100])


def check_client(client: TestClient) -> None:
    """What the service answers, and what the client decides and reports itself."""
    request = make_request(None, {**step_of(3), "step_id": "c-1"}, CATALOGUE)  # type: ignore[typeddict-item]
    sent = request.to_wire()
    assert (sent["step"]["urgency"], sent["step"]["tenant"]) == (3.0, "globex")
    served = served_decision(request, client.post("/route", json=sent).json(), CATALOGUE, 1.0)
    assert (served.budget_left_usd, served.is_unfamiliar) == (12.5, True)  # type: ignore[attr-defined]
    own = local_decision(request, BudgetedRules(CATALOGUE).decide(request.step), "it is away", 1.0, "l-12345678")
    outcome = make_outcome(own, {"success": True, "region": "us"})  # type: ignore[typeddict-unknown-key]
    assert client.post("/outcomes", json=outcome_to_wire(own, outcome)).json()["new"] == 1


def check_stored(log: DecisionLog, ids: list[str]) -> None:
    for decision_id, region in ((ids[4], "eu mail [email]"), ("l-12345678", "us")):
        stored = log.get_decision(decision_id)
        assert stored is not None
        assert stored.record.decision.budget_left_usd == 12.5  # type: ignore[attr-defined]
        assert stored.record.decision.is_unfamiliar
        assert stored.record.step.urgency in (3.0, 4.0)  # type: ignore[attr-defined]
        assert stored.outcomes[0].outcome.attempt.region == region  # type: ignore[attr-defined]


def export(log: DecisionLog, folder: Path) -> list[LoggedStep]:
    exported = list(
        ExportFolder(str(folder / "export")).bring(log, log.ask(lambda connection: all_dates(connection, 0.0)))
    )
    assert sum(day.n_steps for day in exported) == N_STEPS + 2
    files = sorted((folder / "export").rglob("*.parquet"))
    schema = pyarrow.parquet.read_schema(files[0])
    assert str(schema.field("step").type.field("urgency").type) == "double"
    assert str(schema.field("attempts").type.value_type.field("region").type) == "string"
    return list(load_step_logs(files).steps)


def check_exported(steps: list[LoggedStep]) -> None:
    for logged in steps:
        assert logged.decision is not None
        assert (logged.decision.extra["budget_left_usd"], logged.decision.extra["unfamiliar"]) == (12.5, True)
        assert logged.step.urgency is not None  # type: ignore[attr-defined]
        assert not logged.step.extra
        assert all(not attempt.extra for attempt in logged.attempts)


def check_explained(router: Router) -> None:
    calm, urgent = (Step(**step_of(i)) for i in (1, 9))
    options = DecideOptions(explain=True)
    p_calm, p_urgent = (router.decide(step, options).p_success[SMALL] for step in (calm, urgent))
    assert p_calm > p_urgent + 0.2, (p_calm, p_urgent)
    parts = router.decide(calm, options).explanation_figures["contributions"]
    assert parts[0]["part"] == "urgency", parts
    assert "tenant" in {part["part"] for part in parts}


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
