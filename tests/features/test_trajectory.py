"""Trajectory features: exact on hand-built prefixes, nothing where nothing was done."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.features.turns import ASKED, act, conversation
from tierwise.data.records import Message, Step
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.trajectory import (
    NOTHING_DONE,
    TRAJECTORY_NAMES,
    WINDOW,
    last_action_name,
    read_trajectory,
    trajectory_features,
)


def features(*turns: list[Message]) -> dict[str, float]:
    return trajectory_features(read_trajectory(conversation(*turns)))


def test_a_text_and_a_plain_conversation_have_done_nothing() -> None:
    assert read_trajectory(()) is NOTHING_DONE
    talk = (ASKED, Message("assistant", "What?"), Message("user", "The bug."))
    assert set(trajectory_features(read_trajectory(talk)).values()) == {0.0}
    assert last_action_name(talk) is None


def test_every_part_of_a_trajectory_shows() -> None:
    failed = "<returncode>1</returncode>\nValueError: line 7"
    found = features(act("grep foo a.py"), act("sed -i s/a/b/ a.py"), act("pytest", failed), act("pytest", failed))
    expected = dict.fromkeys(TRAJECTORY_NAMES, 0.0) | {
        "log_actions": math.log(5),
        "log_action_names": math.log(4),
        "share_of_search": 0.25,
        "share_of_edit": 0.25,
        "share_of_test": 0.5,
        "last_is_test": 1.0,
        "repeated_call_share": 0.25,
        "repeated_call_streak": 1.0,
        "repeated_result_streak": 1.0,
        "failure_share": 0.5,
        "failure_streak": 2.0,
        "repeated_error_streak": 1.0,
        "steps_since_failure": 0.0,
        "steps_since_edit": math.log(3),
        "steps_since_test": 0.0,
        "log_last_result_chars": math.log1p(len(failed)),
        "log_mean_result_chars": math.log1p((2 * len("<returncode>0</returncode>") + 2 * len(failed)) / 4),
        "log_paths": math.log(2),
    }
    assert found == pytest.approx(expected)


def test_a_loop_grows_with_every_round_and_ends_with_another_result() -> None:
    for n_rounds in range(1, 6):
        assert features(*[act("ls")] * n_rounds)["repeated_result_streak"] == n_rounds - 1
    assert features(*[act("ls")] * 4, act("ls", "new.txt"))["repeated_result_streak"] == 0
    assert features(*[act("ls")] * 4, act("ls", "new.txt"))["repeated_call_streak"] == 4


def test_results_of_calls_made_at_once_belong_to_them_in_order() -> None:
    both = Message(
        "assistant", "", {"tool_calls": [act(name, None)[0].extra["tool_calls"][0] for name in ("ls", "pwd")]}
    )
    trajectory = read_trajectory([ASKED, both, Message("tool", "first"), Message("tool", "Error: second")])
    assert [action.name for action in trajectory.actions] == ["bash:ls", "bash:pwd"]
    assert [result and result.is_failure for result in trajectory.results] == [False, True]
    assert last_action_name([ASKED, both]) == "bash:pwd"


def test_a_call_without_a_result_is_no_failure() -> None:
    found = features(act("ls", "Error: x"), act("ls", None))
    assert (found["failure_streak"], found["failure_share"], found["repeated_result_streak"]) == (0, 0.5, 0)


@given(st.integers(0, 200))
def test_only_the_window_counts(n_before: int) -> None:
    tail = [message for number in range(WINDOW // 2) for message in act(f"ls {number}")]
    before = [message for number in range(n_before) for message in act(f"cat {number}", "Error: x")]
    assert read_trajectory([ASKED, *before, *tail]) == read_trajectory(tail)


def test_texts_have_the_vector_that_they_had_without_trajectories() -> None:
    pipeline = FeaturePipeline.fit([], load_encoder())
    (vector,) = pipeline.transform([Step(text="Extract the total.")])
    columns = [pipeline.schema.names.index(name) for name in TRAJECTORY_NAMES]
    assert not vector[columns].any()
