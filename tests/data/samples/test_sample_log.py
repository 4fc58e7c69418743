"""The shipped log: every verdict is computed again from the line alone, and nothing simulated passes for real."""

from __future__ import annotations

import gzip
import json
import tomllib
from collections import Counter
from datetime import datetime
from typing import Any

import pytest

from tierwise.data.samples import sample_log_path, sample_tiers_path
from tierwise.data.samples.verifiers import verify_many

TIERS = ["small", "mid", "frontier"]
MODEL_SHA256 = {
    "small": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "mid": "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    "frontier": None,
}


@pytest.fixture(scope="module")
def records() -> list[dict[str, Any]]:
    with gzip.open(sample_log_path(), "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_the_log_is_small_and_large_enough(records: list[dict[str, Any]]) -> None:
    assert sample_log_path().stat().st_size <= 3_000_000
    assert len(records) >= 1_500
    assert len({record["step_id"] for record in records}) == len(records)
    assert len({record["step"]["text"] for record in records}) == len(records)


@pytest.mark.slow
def test_every_stored_verdict_is_verified_again(records: list[dict[str, Any]]) -> None:
    attempts = [(record["verify"], attempt) for record in records for attempt in record["attempts"]]
    verdicts = verify_many([(spec, attempt["output"]) for spec, attempt in attempts])
    wrong = [attempt for verdict, (_, attempt) in zip(verdicts, attempts, strict=True) if verdict != attempt["success"]]
    assert wrong == []


def test_only_the_frontier_attempt_is_simulated(records: list[dict[str, Any]]) -> None:
    for record in records:
        assert [attempt["tier"] for attempt in record["attempts"]] == TIERS
        assert [attempt["simulated"] for attempt in record["attempts"]] == [False, False, True]
        assert record["attempts"][2]["output"] == record["gold"]


def test_real_attempts_name_their_weights_and_times(records: list[dict[str, Any]]) -> None:
    for record in records:
        for attempt in record["attempts"]:
            assert attempt["model_sha256"] == MODEL_SHA256[attempt["tier"]]
            assert attempt["evaluator"] == "programmatic"
            assert attempt["input_tokens"] > 0
            assert attempt["score"] == float(attempt["success"])
            assert (attempt["latency_ms"] is None) == attempt["simulated"]


def test_costs_are_tokens_times_the_prices_of_the_catalogue(records: list[dict[str, Any]]) -> None:
    with sample_tiers_path().open("rb") as file:
        models = {tier["name"]: tier["models"][0] for tier in tomllib.load(file)["tiers"]}
    assert list(models) == TIERS
    for record in records:
        for attempt in record["attempts"]:
            model = models[attempt["tier"]]
            cost = attempt["input_tokens"] * model["input_usd_per_mtok"]
            cost += attempt["output_tokens"] * model["output_usd_per_mtok"]
            assert attempt["cost_usd"] == pytest.approx(cost / 1e6, abs=1e-9)
            assert attempt["model"] == model["name"]
            assert attempt["cost_is_estimate"]


def test_routing_has_something_to_learn(records: list[dict[str, Any]]) -> None:
    n_passed = Counter(attempt["tier"] for record in records for attempt in record["attempts"] if attempt["success"])
    assert 0.12 <= n_passed["small"] / len(records) <= 0.40
    assert 0.50 <= n_passed["mid"] / len(records) <= 0.80
    assert n_passed["frontier"] == len(records)


def test_times_are_utc_and_spread_over_four_weeks(records: list[dict[str, Any]]) -> None:
    days = {datetime.fromisoformat(record["timestamp"]).date() for record in records}
    assert len(days) >= 20
    assert all(record["timestamp"].endswith("Z") for record in records)


def test_the_bytes_carry_no_time_and_no_name() -> None:
    header = sample_log_path().read_bytes()[:10]
    assert header[3] == 0, "a flag would announce a file name"
    assert header[4:8] == b"\0\0\0\0", "modification time"
