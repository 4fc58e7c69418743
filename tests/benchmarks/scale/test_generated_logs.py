"""Generated logs: no text twice, the same log each time, and outcomes that follow the truth they state."""

import gzip
import json
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest

from benchmarks.scale import steps as generated
from benchmarks.scale import world
from benchmarks.scale.steps import log_parts
from benchmarks.scale.world import sample_world
from tierwise.data.samples import sample_log_path
from tools.sample_log.generate import generate
from tools.sample_log.rates import pass_rate, read_log


def records(parts: list[Path]) -> list[dict[str, Any]]:
    found = []
    for part in parts:
        with gzip.open(part, "rt", encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines]
    return found


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generated, "PART_STEPS", 700)


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_no_text_comes_twice_and_a_longer_log_begins_with_the_shorter_one(tmp_path: Path) -> None:
    made: list[None] = []
    short = log_parts(tmp_path / "log", 700, lambda: made.append(None))
    before = short[0].read_bytes()
    longer = log_parts(tmp_path / "log", 2_000, lambda: made.append(None))
    assert (longer[0], longer[0].read_bytes()) == (short[0], before)
    texts = [record["step"]["text"] for record in records(longer)]
    assert len(texts) == len(set(texts)) == 2_000
    assert len(made) == 1 + 3


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_an_interrupted_log_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    whole = log_parts(tmp_path / "whole", 1_400, lambda: None)
    halves = log_parts(tmp_path / "halves", 700, lambda: None)
    halves = log_parts(tmp_path / "halves", 1_400, lambda: None)
    assert records(whole) == records(halves)


@pytest.mark.slow
def test_outcomes_follow_the_truth_and_say_that_they_are_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "P_ALL_TIERS", 1.0)
    found = [sample_world().lived_through(record, Random(i)) for i, record in enumerate(generate(5, 20))]
    assert all(attempt["simulated"] for record in found for attempt in record["attempts"])
    success = np.array([[attempt["success"] for attempt in record["attempts"]] for record in found])
    truth = np.array([record["truth"] for record in found])
    spread = np.sqrt((truth * (1 - truth)).sum(axis=0)) / len(found)
    assert (np.abs(success.mean(axis=0) - truth.mean(axis=0)) < 4 * spread).all()
    assert np.corrcoef(success[:, 0], success[:, 1])[0, 1] > 0.2


@pytest.mark.slow
@pytest.mark.usefixtures("small_parts")
def test_attempts_are_those_of_a_log_in_production(tmp_path: Path) -> None:
    """Some steps know every tier, some stop at the first success, some tried one tier alone."""
    kinds = Counter(len(record["attempts"]) for record in records(log_parts(tmp_path, 700, lambda: None)))
    assert set(kinds) == {1, 2, 3}
    assert min(kinds.values()) > 50


def test_the_rates_of_the_world_are_those_of_the_executed_attempts() -> None:
    rates = sample_world().rates["regex", 1]
    executed = pass_rate(read_log(sample_log_path()), "mid", family="regex", difficulty=1)
    assert rates[1] == pytest.approx((executed.n_passed + 0.5) / (executed.n_steps + 1))
    assert rates[0] < rates[1]
