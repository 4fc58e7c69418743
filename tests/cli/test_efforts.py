"""One model at two efforts, end to end: imported by what each call said, trained on, decided, and asked for again."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.strict_stub.server import StrictStub
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import read_step_log
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings

N_STEPS = 60
SCHEMA = {"type": "object", "properties": {"total": {"type": "integer"}}, "required": ["total"]}
ENTRY = """
[[tiers]]
name = "{tier}"
[[tiers.models]]
name = "x-{effort}"
provider_name = "gpt-x"
base_url = "{url}"
protocols = ["responses"]
input_usd_per_mtok = {usd}
output_usd_per_mtok = {usd}
parameters = {{ reasoning_effort = "{effort}" }}
"""


def row(number: int, effort: str | None) -> dict[str, Any]:
    """A call of the Responses API; low effort breaks the schema in every second one."""
    form = {"type": "json_schema", "name": "n", "schema": SCHEMA}
    asked = {"model": "gpt-x", "input": f"Total of invoice {number}?", "text": {"format": form}}
    asked |= {} if effort is None else {"reasoning": {"effort": effort}}
    text = '{"total": "many"}' if effort == "low" and number % 2 else '{"total": 7}'
    said = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
    usage = {"input_tokens": 50, "output_tokens": 5 if effort == "low" else 50}
    answer = {"id": f"r-{number}-{effort}", "object": "response", "model": "gpt-x", "output": [said], "usage": usage}
    return {"request": asked, "response": answer, "metadata": {"task_type": "extract"}}


@pytest.mark.slow
def test_from_import_to_decision(tierwise: Callable[..., Any], tmp_path: Path) -> None:
    stub = StrictStub()
    stub.serve_beside()
    tiers, log, bundle = tmp_path / "tiers.toml", tmp_path / "calls.jsonl", tmp_path / "bundle"
    known = (("small", "low", 1), ("frontier", "high", 4))
    tiers.write_text("".join(ENTRY.format(tier=t, effort=e, usd=u, url=stub.url) for t, e, u in known))
    rows = [row(number, effort) for number in range(N_STEPS) for effort in ("low", "high")]
    log.write_text("\n".join(map(json.dumps, [*rows, row(0, None), row(0, "medium")])))
    (tmp_path / "map.toml").write_text('[evidence]\nschema = "decides"\n')

    ran = tierwise("import", log, "--tiers", tiers, "--map", tmp_path / "map.toml", "--out", tmp_path / "steps.jsonl")
    assert ran.code == 0, ran.err
    for why in ("no reasoning_effort", "reasoning_effort medium, which tells none"):
        assert f"skipped 1: model 'gpt-x' stands for small and frontier, and the call says {why}" in ran.err + ran.out
    steps = [step for step in read_step_log(tmp_path / "steps.jsonl") if isinstance(step, LoggedStep)]
    attempts = [attempt for step in steps for attempt in step.attempts]
    assert {(each.tier, each.model) for each in attempts} == {("small", "x-low"), ("frontier", "x-high")}
    assert sum(each.success is False for each in attempts if each.tier == "small") == N_STEPS // 2

    (tmp_path / "train.toml").write_text("n_folds = 2\nn_components = 0\n[booster]\nn_rounds = 8\nnum_leaves = 7\n")
    options = ["--tiers", tiers, "--config", tmp_path / "train.toml", "--no-track", "--out", bundle]
    ran = tierwise("train", "--log", tmp_path / "steps.jsonl", *options)
    assert ran.code == 0, ran.err

    settings = load_settings({}, bundle=bundle, log_url=f"sqlite:///{tmp_path}/d.db", state_folder=tmp_path)
    with TestClient(create_app(settings), "http://localhost") as client:
        for limit, effort in (({"max_tier": "small"}, "low"), ({"min_tier": "frontier"}, "high")):
            body = {"model": "auto", "input": "Total of invoice 9?", "tierwise": {"options": limit}}
            answer = client.post("/v1/responses", json=body)
            assert answer.headers["x-tierwise-model"] == f"x-{effort}"
            sent = stub.seen[-1]["body"]
            assert (sent["model"], sent["reasoning"]) == ("gpt-x", {"effort": effort})
    stub.shutdown()
    stub.server_close()
