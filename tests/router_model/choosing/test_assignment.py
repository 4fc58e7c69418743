"""Assignment: sticky, fair, the same everywhere."""

import subprocess
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.experiments import Arm, Experiment
from tierwise.router_model.choosing.assignment import assigned_arm, hash_unit


def experiment(*shares: float, salt: str = "s") -> Experiment:
    arms = tuple(Arm(f"a{i}", "rules", share) for i, share in enumerate(shares))
    return Experiment("trial", arms, salt, started_at=0.0)


@given(st.text())
def test_a_task_always_gets_the_same_arm(task_id: str) -> None:
    assert assigned_arm(experiment(0.3, 0.7), task_id) == assigned_arm(experiment(0.3, 0.7), task_id)
    assert 0 <= hash_unit("s", task_id) < 1


def test_another_process_finds_the_same_arm() -> None:
    program = "from tierwise.router_model.choosing.assignment import hash_unit; print(hash_unit('s', 'task 7 \\u00e9'))"
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert float(printed) == hash_unit("s", "task 7 \u00e9")


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.9, 0.1), (0.2, 0.3, 0.5)])
def test_the_arms_get_their_shares(shares: tuple[float, ...]) -> None:
    n_tasks = 20_000
    arms = [assigned_arm(experiment(*shares), f"t-{i}").name for i in range(n_tasks)]
    for i, share in enumerate(shares):
        tolerance = 4 * (share * (1 - share) / n_tasks) ** 0.5
        assert arms.count(f"a{i}") / n_tasks == pytest.approx(share, abs=tolerance)


def test_an_arm_without_a_share_gets_no_task() -> None:
    assert {assigned_arm(experiment(0.0, 1.0, 0.0), f"t-{i}").name for i in range(1000)} == {"a1"}


def test_a_growing_challenger_takes_tasks_and_gives_none_back() -> None:
    before = {f"t-{i}" for i in range(5000) if assigned_arm(experiment(0.9, 0.1), f"t-{i}").name == "a1"}
    after = {f"t-{i}" for i in range(5000) if assigned_arm(experiment(0.5, 0.5), f"t-{i}").name == "a1"}
    assert before < after


def test_another_salt_is_another_assignment() -> None:
    first, second = experiment(0.5, 0.5), replace(experiment(0.5, 0.5), salt="t")
    n_same = sum(assigned_arm(first, f"t-{i}") == assigned_arm(second, f"t-{i}") for i in range(4000))
    assert n_same / 4000 == pytest.approx(0.5, abs=0.04)


def test_parts_are_not_run_together() -> None:
    assert hash_unit("ab", "c") != hash_unit("a", "bc")
