"""The runner: attempts in log form, resumed without duplicates, in an order whose beginning is balanced."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import aclosing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tierwise.agents.collect import (
    CollectError,
    Completion,
    Job,
    Journal,
    LocalAnswerer,
    ModelInfo,
    Progress,
    judge,
    read_steps,
    run_jobs,
)
from tierwise.agents.collect.runner import in_rounds, shard


class Echo:
    """Answers every prompt with its last word, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(name="echo", sha256="0" * 64, prompt_format="plain")

    def complete(self, text: str, max_tokens: int) -> Completion:
        self.asked.append(text)
        return Completion(text.split()[-1], len(text.split()), min(1, max_tokens), 0)


def steps(n_steps: int) -> list[dict[str, Any]]:
    return [
        {"step_id": f"s-{i}", "step": {"text": f"say w{i}"}, "verify": {"kind": "text", "expect": f"w{i % 2}"}}
        for i in range(n_steps)
    ]


def ticks() -> Iterator[float]:
    return (0.5 * tick for tick in count())


def progress_of(records: list[dict[str, Any]], backend: Echo, out: Path, limit: int | None = None) -> list[Progress]:
    """The progress of a run; stops after `limit` steps as an interruption would."""
    clock = ticks()
    answerer = LocalAnswerer(backend, "small", lambda: next(clock))

    async def work() -> list[Progress]:
        jobs, found = [Job(record, answerer) for record in records], []
        with Journal(out) as journal:
            async with aclosing(run_jobs(jobs, journal, judge)) as running:
                async for progress in running:
                    found.append(progress)
                    if len(found) == limit:
                        break
        return found

    return asyncio.run(work())


def run(records: list[dict[str, Any]], backend: Echo, out: Path, limit: int | None = None) -> int:
    """Number of steps run."""
    return len(progress_of(records, backend, out, limit))


def test_an_attempt_has_the_fields_of_the_step_log(tmp_path: Path) -> None:
    out = tmp_path / "attempts.jsonl"
    run(steps(3), Echo(), out)
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert [row["attempt"]["success"] for row in rows] == [True, True, False]
    assert rows[0]["attempt"] == {
        "tier": "small",
        "model": "echo",
        "model_sha256": "0" * 64,
        "prompt_format": "plain",
        "success": True,
        "score": 1.0,
        "input_tokens": 2,
        "output_tokens": 1,
        "runtime_reused_tokens": 0,
        "latency_ms": 500.0,
        "evaluator": "programmatic",
        "output": "w0",
        "error": None,
        "simulated": False,
    }


def test_an_interrupted_run_goes_on_without_duplicates(tmp_path: Path) -> None:
    out = tmp_path / "attempts.jsonl"
    first, second = Echo(), Echo()
    assert run(steps(7), first, out, limit=3) == 3
    assert run(steps(7), second, out) == 4
    assert [*first.asked, *second.asked] == [f"say w{i}" for i in range(7)]
    ids = [json.loads(line)["step_id"] for line in out.read_text().splitlines()]
    assert ids == [f"s-{i}" for i in range(7)]


def test_a_line_cut_short_is_dropped_and_run_again(tmp_path: Path) -> None:
    out = tmp_path / "attempts.jsonl"
    run(steps(3), Echo(), out)
    out.write_text(out.read_text()[:-20])
    with Journal(out) as journal:
        assert [journal.holds(f"s-{i}", "small") for i in range(3)] == [True, True, False]
    assert run(steps(3), Echo(), out) == 1
    assert len(out.read_text().splitlines()) == 3


def test_a_finished_run_asks_nothing(tmp_path: Path) -> None:
    out, idle = tmp_path / "attempts.jsonl", Echo()
    run(steps(2), Echo(), out)
    assert run(steps(2), idle, out) == 0
    assert idle.asked == []


def test_progress_counts_earlier_runs_too(tmp_path: Path) -> None:
    out = tmp_path / "attempts.jsonl"
    run(steps(4), Echo(), out, limit=2)
    progress = progress_of(steps(4), Echo(), out)
    assert [(one.n_done, one.n_total, one.n_run, one.n_passed) for one in progress] == [(3, 4, 1, 0), (4, 4, 2, 0)]


def test_a_step_without_a_verifier_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    path.write_text(json.dumps(steps(1)[0]) + '\n{"step_id": "s-9", "step": {"text": "x"}}\n')
    with pytest.raises(CollectError, match=r"steps\.jsonl:2: a step to run needs"):
        read_steps(path)


def test_rounds_take_one_group_of_every_kind_at_a_time() -> None:
    groups = ["f/1/a", "f/1/b", "g/1/a", "f/1/a", "g/1/b", "g/1/c"]
    records = [{"step_id": str(i), "group": group} for i, group in enumerate(groups)]
    ordered = in_rounds(records)
    assert [record["group"] for record in ordered] == ["f/1/a", "f/1/a", "g/1/a", "f/1/b", "g/1/b", "g/1/c"]


def test_shards_share_the_steps() -> None:
    assert [*shard(steps(5), 0, 2), *shard(steps(5), 1, 2)] == [steps(5)[i] for i in (0, 2, 4, 1, 3)]
    with pytest.raises(CollectError, match="shard 2/2 does not exist"):
        shard(steps(5), 2, 2)


def test_a_journal_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"step_id": "s-1"}\n')
    with pytest.raises(CollectError, match=r"a\.jsonl:1 is no attempt; move the file away"):
        Journal(tmp_path / "a.jsonl")
    with pytest.raises(CollectError, match="No such file or directory"):
        Journal(tmp_path / "nowhere" / "a.jsonl")
