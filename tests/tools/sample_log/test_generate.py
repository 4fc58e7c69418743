"""Generated records: complete, reproducible, with a planner that is right on average and wrong often."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from tierwise.data.samples import sample_log_path
from tools.sample_log.generate import generate, main

N_PER_LEVEL = 8


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    return generate(seed=2, n_per_level=N_PER_LEVEL)


def test_step_ids_are_unique_and_records_ordered_by_time(records: list[dict[str, Any]]) -> None:
    assert len({record["step_id"] for record in records}) == len(records)
    times = [record["timestamp"] for record in records]
    assert times == sorted(times)


def test_the_group_is_the_template(records: list[dict[str, Any]]) -> None:
    assert all(record["group"] == record["template"] for record in records)
    assert all(record["template"].startswith(f"{record['family']}/{record['difficulty']}/") for record in records)


def test_the_planner_is_right_on_average_and_wrong_often(records: list[dict[str, Any]]) -> None:
    by_level: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for record in records:
        complexity = record["step"]["input_complexity"]
        if complexity is not None:
            assert 1 <= complexity <= 10
            by_level[record["difficulty"]].append(complexity)
    assert mean(by_level[1]) + 1 < mean(by_level[2]) < mean(by_level[3]) - 1
    n_hard_called_easy = sum(complexity <= 5 for complexity in by_level[3])
    assert n_hard_called_easy > 0.05 * len(by_level[3])


@pytest.mark.parametrize("field", ["input_complexity", "requires_judgment", "human_visible"])
def test_some_estimates_are_missing(records: list[dict[str, Any]], field: str) -> None:
    n_missing = sum(record["step"][field] is None for record in records)
    assert 0.02 * len(records) < n_missing < 0.2 * len(records)


def test_only_last_steps_are_human_visible(records: list[dict[str, Any]]) -> None:
    last = {record["task_id"]: record["step"]["step_index"] for record in records}
    seen = [record for record in records if record["step"]["human_visible"]]
    assert seen
    assert all(record["step"]["step_index"] == last[record["task_id"]] for record in seen)


def test_a_retry_says_what_went_wrong_before(records: list[dict[str, Any]]) -> None:
    steps = [record["step"] for record in records]
    assert any(step["retry"] for step in steps)
    assert all(bool(step["retry"]) == bool(step["previous_error"]) for step in steps)


def test_the_command_writes_what_generate_returns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "steps.jsonl"
    assert main(["--out", str(out), "--seed", "2", "--per-level", "1"]) == 0
    written = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert written == json.loads(json.dumps(generate(2, 1)))
    assert f"{len(written)} steps" in capsys.readouterr().out


@pytest.mark.slow
def test_the_generator_still_makes_the_steps_of_the_sample_log() -> None:
    """So that the README's instructions re-make this log and no other."""
    made = {record["step_id"]: record for record in json.loads(json.dumps(generate()))}
    with gzip.open(sample_log_path(), "rt", encoding="utf-8") as lines:
        for record in map(json.loads, lines):
            assert record | {"attempts": []} == made[record["step_id"]]
