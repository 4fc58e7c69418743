"""Keys on answers that real models gave: what they say of each other agrees with what verifiers said."""

from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from tierwise.data.answers import AnswerKey, Question, same_answer
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import load_step_logs

SHARED_DATA = Path(__file__).parents[4] / "shared" / "data"

Keys = list[AnswerKey | None]


def keys_of(logged: LoggedStep) -> Keys:
    question = Question(logged.step)
    return [question.key(attempt.output, attempt.tool_calls) for attempt in logged.attempts]


def unlike_verdicts(steps: tuple[LoggedStep, ...]) -> tuple[int, int]:
    """Pairs with equal open keys, and those among them with unlike verdicts."""
    seen: Counter[bool] = Counter()
    for logged in steps:
        keys = keys_of(logged)
        for i, j in combinations(range(len(keys)), 2):
            key = keys[i]
            if key is not None and key.is_open and same_answer(key, keys[j]):
                seen[logged.attempts[i].success != logged.attempts[j].success] += 1
    return seen.total(), seen[True]


def test_equal_keys_of_the_sample_have_like_verdicts(sample_steps: tuple[LoggedStep, ...]) -> None:
    n_pairs, n_unlike = unlike_verdicts(sample_steps[::4])
    assert n_pairs >= 200
    assert n_unlike <= 0.01 * n_pairs


@pytest.mark.slow
@pytest.mark.parametrize(("name", "at_most"), [("bfcl", 0.02), ("routerbench", 0.01), ("mifeval", 0.01)])
def test_equal_open_keys_have_like_verdicts(name: str, at_most: float) -> None:
    """On tool calls two thirds of the unlike ones are numbers given as text, which the benchmark refuses."""
    n_pairs, n_unlike = unlike_verdicts(real(name))
    assert n_unlike <= at_most * n_pairs


@pytest.mark.slow
def test_two_right_tool_calls_have_equal_keys() -> None:
    both_right = [step for step in real("bfcl") if all(attempt.success for attempt in step.attempts[1:])]
    n_equal = sum(same_answer(*keys_of(step)[1:]) is True for step in both_right)
    assert n_equal >= 0.9 * len(both_right)


@pytest.mark.slow
def test_choices_have_keys() -> None:
    keys = [key for step in real("routerbench") if step.step.task_type != "code" for key in keys_of(step)]
    assert sum(key is not None and key.kind == "choice" for key in keys) >= 0.95 * len(keys)


def real(name: str) -> tuple[LoggedStep, ...]:
    path = SHARED_DATA / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip("the real answers are not here")
    return load_step_logs([path]).steps
