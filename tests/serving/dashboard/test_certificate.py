"""The certificate's page and its one button, over the real application."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.serving.conftest import StartApp
from tests.serving.dashboard.test_pages import LOCAL, play, read
from tierwise.data.decision_log import DecisionLog
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from starlette.testclient import TestClient

RAMP = "/dashboard/certificate/ramp"


def mirror(client: "TestClient", i: int, is_same: bool | None, cost_usd: float = 0.01, n_a_task: int = 1) -> str:
    """A decision of the top tier with the mirrored answer of ``small``, in a task of ``n_a_task`` such."""
    task = f"t-{i // n_a_task}"
    decision_id = play(client, {"text": f"Extract {i}.", "task_type": "extract", "agent": task}, tier="frontier")
    outcome = {
        "decision_id": decision_id, "tier": "small", "cost_usd": cost_usd, "mirror": True, "is_same": is_same,
        "idempotency_key": "mirror-small",
    }  # fmt: skip
    assert client.post("/outcomes", json=outcome).status_code == 200
    return decision_id


@pytest.mark.slow
def test_it_tells_what_differs_and_how_many_steps_are_needed(start: StartApp) -> None:
    client = start(dashboard_keep_seconds=0)
    differing, *_ = [mirror(client, i, is_same=i > 1) for i in range(40)]
    mirror(client, 41, is_same=None)
    page = read(client, "/certificate")
    assert "3 of 41 answers differ (7.3%), 1 because they cannot be compared: never at this rate" in page
    assert f"/decisions/{differing}" in page
    assert "A ramp needs a certificate." in page
    assert "The costs of this log are not known" in page


@pytest.mark.slow
def test_steps_of_one_task_are_told_as_what_they_are_worth(start: StartApp) -> None:
    client = start(dashboard_keep_seconds=0)
    for i in range(40):
        mirror(client, i, is_same=True, n_a_task=4)
    assert "0 of 40 answers differ (0.0%), worth 10 tasks of equal size" in read(client, "/certificate")


def test_without_a_certificate_there_is_nothing_to_start(start: StartApp) -> None:
    assert client_post(start(), RAMP) == 409


@pytest.mark.slow
def test_the_button_starts_a_ramp_from_the_top_tier_once(start: StartApp, bundle_folder: Path, tmp_path: Path) -> None:
    client = start(decider=Router.load(bundle_folder), dashboard_keep_seconds=0)
    if "Start the ramp" not in read(client, "/certificate"):
        pytest.fail("the shared router certifies nothing")
    assert client_post(client, RAMP, {"origin": "http://evil.example"}) == 403
    assert client_post(client, RAMP) == 303
    assert client_post(client, RAMP) == 409
    page = read(client, "/certificate")
    assert "--advance" in page
    assert "Start the ramp" not in page
    with DecisionLog.open(f"sqlite:///{tmp_path}/decisions.db") as log:
        live = log.live_experiment()
        assert live is not None
        assert [(arm.decider, arm.share) for arm in live.arms] == [("always-frontier", 0.9), ("champion", 0.1)]
        assert [entry.action for entry in log.audit(live.name)] == ["experiment start"]


def client_post(client: "TestClient", path: str, headers: dict[str, str] | None = None) -> int:
    return int(client.post(path, headers=LOCAL | (headers or {}), follow_redirects=False).status_code)
