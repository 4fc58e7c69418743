"""The sample-ratio check: silent on honest shares at every look, loud on lost tasks, fair to a ramp."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.training.evaluation.experiments.sample_ratio import check_sample_ratio, running_log_factor

NAMES = ("rules", "learned")


def shares(p_learned: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([1 - p_learned, p_learned])


@pytest.mark.slow
def test_constant_looking_at_honest_shares_stays_within_the_level() -> None:
    rng = np.random.default_rng(0)
    p_learned = np.repeat([0.01, 0.1, 0.5], [300, 300, 600])
    alarms = sum(
        bool(running_log_factor((rng.random(1200) < p_learned).astype(np.int64), shares(p_learned)).max() > np.log(20))
        for _ in range(500)
    )
    assert alarms / 500 <= 0.05


def test_an_arm_that_loses_a_fifth_of_its_tasks_is_found() -> None:
    rng = np.random.default_rng(1)
    arm = (rng.random(3000) < 0.8 / 1.8).astype(np.int64)
    found = check_sample_ratio(arm, shares(np.full(3000, 0.5)), NAMES)
    assert found.is_broken
    assert found.n_expected == {"rules": 1500.0, "learned": 1500.0}


def test_a_task_in_an_arm_that_gets_none_is_proof() -> None:
    found = check_sample_ratio(np.array([0, 0, 1]), shares(np.zeros(3)), NAMES)
    assert found.p_value == 0.0


@pytest.mark.parametrize("n_tasks", [0, 1])
def test_next_to_nothing_proves_nothing(n_tasks: int) -> None:
    found = check_sample_ratio(np.zeros(n_tasks, dtype=np.int64), shares(np.full(n_tasks, 0.5)), NAMES)
    assert not found.is_broken
