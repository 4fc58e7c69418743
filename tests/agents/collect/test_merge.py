"""Merging: whole steps only, costs from prices, a marked reference attempt, and no verdict taken on trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tierwise.agents.collect import CollectError
from tierwise.agents.collect.journal import read_attempts
from tierwise.agents.collect.merge import TierPrice, merge, read_prices, write_log
from tierwise.data.samples import sample_tiers_path
from tierwise.data.samples.verifiers import verify_many

PRICES = [
    TierPrice("small", "s", 1.0, 2.0),
    TierPrice("mid", "m", 10.0, 10.0),
    TierPrice("frontier", "ref", 100.0, 1000.0),
]
STEP = {"step_id": "s-1", "gold": "yes, certainly", "verify": {"kind": "text", "expect": "yes, certainly"}}


def attempt(tier: str, output: str, success: bool) -> dict[str, Any]:
    return {"tier": tier, "output": output, "success": success, "input_tokens": 1000, "output_tokens": 500}


def both(small: bool = False) -> dict[str, dict[str, Any]]:
    return {"small": attempt("small", "no", small), "mid": attempt("mid", "Yes, certainly.", True)}


def test_costs_follow_the_prices_and_the_reference_is_marked() -> None:
    (merged,) = merge([STEP], {"s-1": both()}, PRICES, verify_many)
    small, mid, top = merged["attempts"]
    assert (small["cost_usd"], mid["cost_usd"]) == (0.002, 0.015)
    assert (small["model"], mid["model"], top["model"]) == ("s", "m", "ref")
    assert top["simulated"]
    assert top["output"] == STEP["gold"]
    # 14 characters of gold are estimated as 4 tokens.
    assert (top["input_tokens"], top["output_tokens"], top["cost_usd"]) == (1000, 4, 0.104)


def test_a_step_that_one_model_has_not_done_is_left_out() -> None:
    attempts = both()
    del attempts["mid"]
    assert merge([STEP], {"s-1": attempts}, PRICES, verify_many) == []


def test_a_verdict_that_the_output_does_not_bear_out_is_refused() -> None:
    with pytest.raises(CollectError, match="step s-1, tier small: stored success True, verifier says False"):
        merge([STEP], {"s-1": both(small=True)}, PRICES, verify_many)


def test_attempts_of_several_files_are_joined(tmp_path: Path) -> None:
    paths = []
    for tier, one in both().items():
        paths.append(tmp_path / f"{tier}.jsonl")
        paths[-1].write_text(json.dumps({"step_id": "s-1", "attempt": one}) + "\n")
    assert read_attempts(paths) == {"s-1": both()}


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    records = merge([STEP], {"s-1": both()}, PRICES, verify_many)
    one, other = tmp_path / "one.jsonl.gz", tmp_path / "other.jsonl.gz"
    write_log(records, one)
    write_log(records, other)
    assert one.read_bytes() == other.read_bytes()


def test_the_shipped_catalogue_has_prices() -> None:
    assert [price.tier for price in read_prices(sample_tiers_path())] == ["small", "mid", "frontier"]
