"""The circle closes: what the service recorded trains as a file does, to the same bundle."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.data.samples import sample_tiers_path
from tierwise.data.sensitive.redaction import Redaction, redact_step
from tierwise.data.serialise import attempt_to_dict, step_to_dict
from tierwise.data.step_log import write_step_log
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings

N_STEPS = 120


def serve_steps(url: str, bundle: Path, folder: Path, steps: Sequence[LoggedStep]) -> None:
    """Routes the steps and reports what their sample log says of the tiers that were tried, escalating."""
    settings = load_settings({}, bundle=bundle, log_url=url, flush_seconds=0.01, state_folder=folder)
    with TestClient(create_app(settings), "http://localhost") as client:
        requests = [{"step": step_to_dict(step.step), "task_id": step.task_id} for step in steps]
        decisions = client.post("/route/batch", json={"requests": requests}).json()["decisions"]
        assert not any(decision["fallback"] for decision in decisions)
        for decision, step in zip(decisions, steps, strict=True):
            tried = list(step.attempts)
            start = [attempt.tier for attempt in tried].index(decision["tier"])
            outcomes = []
            for attempt in tried[start:]:
                outcomes.append(attempt_to_dict(attempt) | {"decision_id": decision["decision_id"]})
                if attempt.success:
                    break
            assert client.post("/outcomes", json=outcomes).json()["new"] == len(outcomes)


@pytest.mark.slow
def test_a_decision_log_trains_as_its_export_does(
    tierwise: Callable[..., Any], bundle_folder: Path, held_out_steps: Sequence[LoggedStep], tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/decisions.db"
    serve_steps(url, bundle_folder, tmp_path, held_out_steps[:N_STEPS])
    with DecisionLog.open(url) as log:
        recorded = list(log.logged_steps())
    assert len(recorded) == N_STEPS
    sent = [redact_step(step.step, Redaction.REDACTED) for step in held_out_steps[:N_STEPS]]
    assert [step.step for step in recorded] == sent
    write_step_log(tmp_path / "export.jsonl", recorded)

    (tmp_path / "train.toml").write_text("n_folds = 2\nn_components = 0\n[booster]\nn_rounds = 8\nnum_leaves = 7\n")
    options = ["--tiers", sample_tiers_path(), "--config", tmp_path / "train.toml", "--no-track"]
    for source, out in ((url, "from_log"), (tmp_path / "export.jsonl", "from_file")):
        ran = tierwise("train", "--log", source, "--out", tmp_path / out, *options)
        assert ran.code == 0, ran.err
        assert f"Learned from {N_STEPS} steps" in ran.err
    first, second = (json.loads((tmp_path / out / "manifest.json").read_text()) for out in ("from_log", "from_file"))
    assert first == second
