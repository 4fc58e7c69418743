"""``train --target`` and ``decide --courses`` as a shell sees them: answers are read, outcomes are not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import RunTierwise
from tests.training.answered_world import COST_USD, answered_world
from tierwise.cli.played_course import played_course
from tierwise.data.records import LoggedStep
from tierwise.data.serialise import logged_step_to_dict
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router

CONFIG = (
    "n_folds = 3\nn_repeats = 1\nn_components = 8\n[booster]\nn_rounds = 24\nlearning_rate = 0.15\nnum_leaves = 7\n"
)


def written(path: Path, steps: list[LoggedStep]) -> Path:
    path.write_text("".join(json.dumps(logged_step_to_dict(step)) + "\n" for step in steps))
    return path


@pytest.mark.slow
def test_answers_alone_train_and_decide(tierwise: RunTierwise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    blind = [
        replace(step, attempts=tuple(replace(a, success=None) for a in step.attempts)) for step in answered_world(400)
    ]
    log = written(tmp_path / "log.jsonl", blind)
    Path("train.toml").write_text(CONFIG)
    trained = tierwise(
        "train", "--log", log, "--out", "bundle", "--config", "train.toml", "--target", "same-answer", "--no-track"
    )
    assert trained.code == 0, trained.err
    assert "of answers differ" in trained.out + trained.err
    assert "quality loss" not in trained.out + trained.err

    fresh = answered_world(60, seed=2)
    lies = [replace(s, attempts=tuple(replace(a, success=not a.success, score=9.0) for a in s.attempts)) for s in fresh]
    outs = []
    for name, steps in (("true", fresh), ("lies", lies)):
        file = written(tmp_path / f"{name}.jsonl", steps)
        arguments = ("--steps", file, "--out", f"{name}.out", "--max-quality-loss", "0.1", "--courses")
        assert tierwise("decide", "--bundle", "bundle", *arguments).code == 0
        outs.append(Path(f"{name}.out").read_text())
    assert outs[0] == outs[1]
    rows = [json.loads(line) for line in outs[0].splitlines()]
    assert {row["step_id"] for row in rows} == {step.step_id for step in fresh}
    assert any(row["asked"] == ["small", "mid"] and row["final"] in ("small", "mid") for row in rows)
    assert all(row["final"] == row["asked"][-1] for row in rows if row["final"] == "frontier")

    arguments = ("--log", tmp_path / "true.jsonl", "--max-quality-loss", "0.1", "--json", "e.json")
    measured = tierwise("evaluate", "--bundle", "bundle", *arguments)
    assert measured.code == 0, measured.err
    assert "Courses on the 60 steps that hold every answer" in measured.out
    ways = {row["name"]: row for row in json.loads(Path("e.json").read_text())["courses"]["rows"]}
    paid = sum(COST_USD[tier] for row in rows for tier in row["asked"]) / (60 * COST_USD["frontier"])
    assert ways["courses, as certified"]["saving"]["value"] == pytest.approx(1 - paid)
    assert ways["courses, as certified"]["different"]["value"] <= 0.1

    router = Router.load("bundle")
    bare = replace(fresh[0], attempts=())
    assert played_course(router, bare, DecideOptions(max_quality_loss=0.1))["final"] == "frontier"
