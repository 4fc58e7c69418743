"""No report that the API accepts breaks a command that reads the log later, or a page."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.agents.conftest import Service
from tests.attacks.service import PAGES
from tierwise.data.samples import sample_tiers_path

pytestmark = pytest.mark.slow
N_STEPS = 300
JSON = {"content-type": "application/json"}
TRAIN = "n_folds = 2\nn_components = 0\n[booster]\nn_rounds = 8\nnum_leaves = 7\n"

REFUSALS = ("tierwise: no label yet", "tierwise: the reference window has", "tierwise: by time the steps part into")
"""What a log of this size may be told, and nothing else."""

ODD: dict[str, list[object]] = {
    "tier": ["small", "mid", "frontier"],
    "success": [True, False, None],
    "score": [None, 0, 1, -3.5, 1e6, 0.5],
    "input_tokens": [None, 0, 1, 812, 10_000_000],
    "output_tokens": [None, 0, 64, 1_000_000],
    "cached_tokens": [None, 0, 5_000],
    "cost_usd": [None, 0, 0.0, 1e-12, 0.01, 999.0],
    "cost_is_estimate": [True, False, None],
    "latency_ms": [None, 0, 0.001, 5e6],
    "model": [None, "", "m", "modèle 🦀", "x" * 300],
    "evaluator": [None, "", "same-answer", "judge"],
    "error": [None, "", "timeout", "a\nb\x00c", "rate_limit"],
    "output": [None, "", "yes", '{"a": 1}', "prose " * 500, "\ud83e"],
    "tool_calls": [None, [], [{"name": "f", "arguments": "{"}], [{"name": "f", "arguments": {"a": [1, None]}}]],
    "answer_key": [None, "", "k", "keyed:00"],
    "logprobs": [None, {"mean": -0.5, "min": -9.0, "n": 3}, {"n": 0}],
    "finish_reason": [None, "stop", "length", "nobody knows"],
    "simulated": [True, False, None],
    "reported_at": [None, 0, 1_790_000_000, "2026-11-01T12:00:00Z"],
    "mirror": [True, False, "yes", None, 1],
    "is_same": [True, False, None, "no", 0],
    "judge_score": [None, 0.5, "high", 7],
    "failure_origin": [None, "planner", "nobody"],
    "anything": [None, [], {"a": {"b": [1]}}],
}


def report(rng: random.Random, decision_id: str) -> dict[str, object]:
    """Some fields with whatever people send; most say what was answered and whether it was right."""
    names = {*rng.sample(list(ODD), rng.randrange(1, 7))}
    names |= {name for name in ("success", "output") if rng.random() < 0.8}
    return {"decision_id": decision_id, "tier": rng.choice(ODD["tier"])} | {
        name: rng.choice(ODD[name]) for name in names
    }


@pytest.fixture(scope="module")
def log_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A log of whatever was accepted, one report at a time, and pages that all answer."""
    rng, n_taken, service = random.Random(3), 0, Service(tmp_path_factory.mktemp("service"))
    service.start(tiers=sample_tiers_path(), dashboard_keep_seconds=0)
    with httpx2.Client(base_url=service.address, timeout=60) as client:
        for i in range(N_STEPS):
            step = {"text": f"Extract {i % 7} and {i}.", "task_type": rng.choice(["extract", "plan", None])}
            route = {"step": step, "task_id": rng.choice([None, f"t-{i // 3}"])}
            decision_id = client.post("/route", json=route).json()["decision_id"]
            for _ in range(rng.randrange(1, 5)):
                content = json.dumps(report(rng, decision_id)).encode()
                answer = client.post("/outcomes", content=content, headers=JSON)
                assert answer.status_code < 500, answer.text
                n_taken += answer.status_code == 200
        assert n_taken > N_STEPS
        for page in PAGES:
            assert client.get(f"/dashboard{page}?period=all").status_code == 200, page
    yield service.log_url
    service.close()


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        "tax --log {log} --tiers {tiers}",
        "drift --log {log} --tiers {tiers}",
        "export --log {log} --out exported",
        "label --log {log} --tiers {tiers} --n 0",
        "train --log {log} --tiers {tiers} --config train.toml --out bundle --no-track",
        "train --log {log} --tiers {tiers} --config train.toml --target same-answer --out bundle --no-track",
        "retrain --log {log} --tiers {tiers} --config train.toml --min-new-steps 1",
        "evaluate --log {log} --bundle {bundle} --json figures.json",
        "import {log} --from tierwise --tiers {tiers} --out steps.jsonl",
    ],
)
def test_every_command_reads_what_was_accepted(
    command: str, log_url: str, tierwise: Callable[..., Any], bundle_folder: Path, place: Path
) -> None:
    (place / "train.toml").write_text(TRAIN)
    ran = tierwise(*command.format(log=log_url, tiers=sample_tiers_path(), bundle=bundle_folder).split())
    assert ran.code == 0 or ran.err.splitlines()[-1].startswith(REFUSALS), ran.err
