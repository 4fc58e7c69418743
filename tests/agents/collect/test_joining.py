"""Attempts made again: evidence and outcome stay of one answer, and nothing is lent to another model's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tierwise.agents.collect import CollectError
from tierwise.agents.collect.__main__ import main
from tierwise.agents.collect.joining import join, read_log
from tierwise.agents.collect.journal import read_attempts
from tierwise.data.samples import sample_again_path, sample_log_path
from tierwise.data.samples.verifiers import verify_many

LOGPROBS = {"mean": -0.2, "min": -0.5, "n": 3}


def attempt(tier: str = "mid", output: str | None = "42", **more: Any) -> dict[str, Any]:
    told = {"tier": tier, "model": "m", "model_sha256": "ab", "prompt_format": "chat", "output": output}
    return told | {"success": output == "42", "input_tokens": 10, "output_tokens": 10, "cost_usd": 2.0} | more


def step(*attempts: dict[str, Any]) -> dict[str, Any]:
    return {"step_id": "s-1", "attempts": list(attempts)}


def test_the_same_answer_gets_its_evidence_and_keeps_its_time() -> None:
    logged = attempt(latency_ms=5.0)
    asked = attempt(latency_ms=9.0, logprobs=LOGPROBS, finish_reason="stop")
    (joined,), found = join([step(logged)], {"s-1": {"mid": asked}})
    assert joined["attempts"] == [logged | {"logprobs": LOGPROBS, "finish_reason": "stop"}]
    assert (found.n_same, found.n_other, found.n_unknown) == (1, 0, 0)


def test_another_answer_brings_its_own_outcome() -> None:
    asked = attempt(output="41", output_tokens=20, logprobs=LOGPROBS, cost_usd=None)
    (joined,), found = join([step(attempt())], {"s-1": {"mid": asked}})
    (taken,) = joined["attempts"]
    assert (taken["output"], taken["success"], taken["cost_usd"]) == ("41", False, 3.0)
    assert (found.n_same, found.n_other) == (0, 1)


@pytest.mark.parametrize(
    "asked",
    [attempt(logprobs=LOGPROBS, model_sha256="cd"), attempt("small", logprobs=LOGPROBS)],
    ids=["weights", "tier"],
)
def test_what_another_model_answered_lends_nothing(asked: dict[str, Any]) -> None:
    simulated = attempt("top", simulated=True)
    (joined,), found = join([step(attempt(), simulated)], {"s-1": {asked["tier"]: asked, "top": attempt("top")}})
    assert joined["attempts"] == [attempt(), simulated]
    assert found.n_unknown == 2


def test_further_answers_stand_behind_and_are_priced() -> None:
    drawn = {f"mid#{n}": attempt(sample=n, temperature=0.7, input_tokens=30, cost_usd=None) for n in (1, 2)}
    (joined,), found = join([step(attempt(), attempt("top"))], {"s-1": drawn})
    assert [one.get("sample") for one in joined["attempts"]] == [None, None, 1, 2]
    assert joined["attempts"][2]["cost_usd"] == 4.0
    assert found.n_further == 2


def test_a_file_that_is_no_log_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(b"no gzip")
    with pytest.raises(CollectError, match="no step log that can be read"):
        read_log(path)
    with pytest.raises(CollectError, match="no attempts that can be read"):
        read_attempts([path])


@pytest.mark.slow
def test_what_is_shipped_joins_the_sample_log_and_every_verdict_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    again = read_attempts([sample_again_path()])
    pairs = {record["step_id"]: record for record in read_log(sample_log_path())}
    asked = [(pairs[step_id]["verify"], one) for step_id, by_tier in again.items() for one in by_tier.values()]
    verdicts = verify_many([(verify, one["output"]) for verify, one in asked])
    assert verdicts == [one["success"] for _, one in asked]
    assert all(one["logprobs"]["n"] > 0 for _, one in asked if one["output"])
    assert main(["join", "--out", str(tmp_path / "joined.jsonl.gz")]) == 0
    assert "; 0 of steps, tiers or weights" in capsys.readouterr().out
    joined = read_log(tmp_path / "joined.jsonl.gz")
    told = [one for record in joined for one in record["attempts"] if "logprobs" in one]
    assert len(told) == len(asked) - sum(not one["output"] for _, one in asked)
    assert not any(one["simulated"] for one in told)
    assert json.dumps(joined[0]["step"]) == json.dumps(pairs[joined[0]["step_id"]]["step"])
