"""Playing tasks: any models, a log that is read as it is, and going on after an interruption."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.long_tasks.stub import StubModels
from tierwise.data.parsing import parse_logged_step
from tools.long_tasks.episode import ACTS, play
from tools.long_tasks.generate import sample_tasks
from tools.long_tasks.kinds import make_task
from tools.long_tasks.models import NotRecordedError, Recorded


def test_a_played_task_is_a_step_log() -> None:
    records = list(play(make_task("triage", 1), StubModels()))
    steps = [parse_logged_step(json.loads(json.dumps(record))) for record in records]
    assert [step.step.step_index for step in steps] == list(range(len(steps)))
    assert {step.task_id for step in steps} == {"triage-001"}
    assert all([each.tier for each in step.attempts] == list(ACTS) for step in steps)
    assert [each.task_success for each in steps[-1].attempts].count(True) == 1
    assert all(step.attempts[-1].simulated and step.attempts[-1].success for step in steps)


def test_the_same_seed_plays_the_same_task() -> None:
    task = make_task("orders", 2)
    assert list(play(task, StubModels())) == list(play(task, StubModels()))
    assert list(play(task, StubModels())) != list(play(task, StubModels(), seed=1))


@pytest.mark.slow
def test_the_tier_that_acts_was_drawn_with_the_logged_probability() -> None:
    records = [record for task in sample_tasks(6) for record in play(task, _Silent())]
    shares = {tier: [0.0, 0.0] for tier in ACTS}
    for record in records:
        found = shares[record["decision"]["tier"]]
        found[0] += 1
        found[1] += 1 / record["decision"]["propensity"]
    for n_acted, weight in shares.values():
        assert n_acted > 0
        assert weight / len(records) == pytest.approx(1, abs=0.25)


def test_a_kill_costs_no_answer(tmp_path: Path) -> None:
    path, stub = tmp_path / "answers.jsonl", _Backend()
    first = Recorded(path, {"mid": stub}).answer("mid", "Task: a")
    with path.open("a") as file:
        file.write('{"key": "cut o')
    again = Recorded(path, {"mid": stub})
    assert again.answer("mid", "Task: a") == first
    assert stub.n_asked == 1
    again.write_used(tmp_path / "used.jsonl.gz")
    assert Recorded(tmp_path / "none", None, [tmp_path / "used.jsonl.gz"]).answer("mid", "Task: a") == first
    with pytest.raises(NotRecordedError, match="no answer of small is recorded for 'Task: b'"):
        again.answer("small", "Task: b")


class _Silent:
    """Models that never call anything: only the reference brings a task on."""

    def answer(self, tier: str, prompt: str) -> dict[str, Any]:
        return StubModels().answer("small", f"{tier}: {prompt}") | {"output": ""}


class _Backend:
    n_asked = 0

    def complete(self, text: str, max_tokens: int) -> Any:
        from tierwise.agents.collect import Completion

        self.n_asked += 1
        return Completion(f"{text[:3]} {max_tokens}", 3, 2, 0)
