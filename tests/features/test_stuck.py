"""Signs of trouble: told when they are there, for a few steps, and not otherwise."""

from collections.abc import Sequence

import pytest

from tests.features.turns import act, conversation
from tierwise.data.records import Message
from tierwise.features import stuck
from tierwise.features.stuck import LASTS_STEPS, N_ALIKE
from tierwise.features.trajectory import read_trajectory

FAILED = "<returncode>1</returncode>"


def sign_of_trouble(messages: Sequence[Message]) -> str | None:
    return stuck.sign_of_trouble(read_trajectory(messages))


def test_a_loop_is_the_same_action_with_the_same_result() -> None:
    assert sign_of_trouble(conversation(*[act("ls")] * (N_ALIKE - 1))) is None
    assert sign_of_trouble(conversation(*[act("ls")] * N_ALIKE)) == "bash:ls gave the same result 3 times in a row"
    changing = [act("ls", f"file {number}") for number in range(5)]
    assert sign_of_trouble(conversation(*changing)) is None, "a directory that changes is no loop"


def test_failures_in_a_row_whatever_failed() -> None:
    failing = [act(f"python run{number}.py", f"{FAILED} {number}") for number in range(N_ALIKE)]
    assert sign_of_trouble(conversation(*failing)) == "3 actions in a row failed, bash:python last"
    assert sign_of_trouble(conversation(*failing[:2], act("ls"), failing[2])) is None


def test_a_failed_check_is_a_sign_at_once() -> None:
    assert sign_of_trouble(conversation(act("pytest", FAILED))) == "the check bash:pytest failed"
    assert sign_of_trouble(conversation(act("pytest"))) is None


@pytest.mark.parametrize("n_after", range(LASTS_STEPS + 2))
def test_a_sign_holds_for_some_steps(n_after: int) -> None:
    after = [act(f"cat file{number}") for number in range(n_after)]
    assert (sign_of_trouble(conversation(act("pytest", FAILED), *after)) is not None) == (n_after < LASTS_STEPS)


def test_where_nothing_was_done_nothing_went_wrong() -> None:
    assert sign_of_trouble(()) is None
    assert sign_of_trouble(conversation(act("pytest", None))) is None
