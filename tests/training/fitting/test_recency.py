"""Recency: weights halve with age, and a router trained with them follows the newer half of a log that changed."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep, Step
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.recency import recency_weights
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import train_router

DAY = 86_400.0


def at(day: float | None) -> LoggedStep:
    return LoggedStep("s", Step("x"), timestamp=None if day is None else day * DAY)


def test_a_step_counts_half_after_a_half_life() -> None:
    weights = recency_weights([at(0), at(10), at(20), at(None)], half_life_days=10)
    assert weights.tolist() == [0.25, 0.5, 1.0, 0.25]


def test_without_a_half_life_or_without_times_all_steps_count_alike() -> None:
    assert recency_weights([at(0), at(10)], None).tolist() == [1.0, 1.0]
    assert recency_weights([at(None), at(None)], 10).tolist() == [1.0, 1.0]


def test_a_half_life_of_nothing_is_refused() -> None:
    with pytest.raises(TrainingError, match="half_life_days is 0; a number of days above 0"):
        TrainConfig(half_life_days=0)


@pytest.mark.slow
def test_training_follows_the_newer_steps_when_a_tier_degrades(catalogue: TierCatalogue) -> None:
    """In the older half ``small`` does as the world says, in the newer one it always fails."""
    steps = World(seed=3).draw(600, "full").logged_steps()
    aged = [replace(step, timestamp=(0 if row < 300 else 30) * DAY) for row, step in enumerate(steps)]
    broken = [step if row < 300 else _without_small(step) for row, step in enumerate(aged)]
    booster = BoosterParams(n_rounds=30)
    even = train_router(broken, catalogue, TrainConfig(booster=booster)).router()
    recent = train_router(broken, catalogue, TrainConfig(booster=booster, half_life_days=5)).router()
    probe = [step.step for step in aged]
    p_even, p_recent = (
        np.mean([decision.p_success["small"] for decision in router.decide_many(probe)]) for router in (even, recent)
    )
    assert p_recent < 0.5 * p_even


def _without_small(step: LoggedStep) -> LoggedStep:
    small, *others = step.attempts
    return replace(step, attempts=(replace(small, success=False), *others))
