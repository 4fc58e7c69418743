"""The past of a task: kinds, counts and equalities, in order; no text, and silence where something is missing."""

from dataclasses import replace

import pytest

from tierwise.data.parts import EarlierStep
from tierwise.data.records import Attempt, Message, Outcome, Step, ToolCall
from tierwise.data.serialise import step_to_dict
from tierwise.features.stuck import sign_of_trouble
from tierwise.features.tasks import TaskMemory, trajectory_of
from tierwise.features.tasks.memory import MAX_AGE_SECONDS

TIERS = ("small", "mid", "frontier")
ASKED = Step("what next?")


def ran(tier: str = "small", command: str = "ls", success: bool | None = True, **more: object) -> Attempt:
    call = ToolCall("bash", {"command": command})
    return Attempt(tier, success=success, tool_calls=(call,), output_tokens=12, **more)  # type: ignore[arg-type]


def memory_of(*attempts: Attempt, step: Step = ASKED, task: str = "t", **limits: int) -> TaskMemory:
    """A memory in which the task took one step, ten seconds long, for each attempt."""
    memory = TaskMemory(limits.get("tasks", 100), limits.get("most_bytes", 2**20))
    for number, attempt in enumerate(attempts):
        memory.note_step(task, f"{task}-{number}", step, "small", TIERS, 10.0 * number, "s")
        memory.note_outcome(Outcome(f"{task}-{number}", attempt), TIERS)
    return memory


def told(memory: TaskMemory, n_steps: int, step: Step = ASKED, task: str = "t") -> tuple[EarlierStep, ...]:
    return memory.recalled(step, task, 10.0 * n_steps).before


def test_a_step_is_told_what_came_of_the_earlier_ones() -> None:
    memory = memory_of(ran(), ran(success=False, error="exit 1"), ran("frontier", "pytest -q"))
    assert told(memory, 3) == (
        EarlierStep("bash:ls", "read", 0, 0, None, 0.0, True, 1, 12, 30.0),
        EarlierStep("bash:ls", "read", 0, 0, 0, 0.0, False, 1, 12, 20.0),
        EarlierStep("bash:pytest", "test", 1, 0, None, 1.0, True, 1, 12, 10.0),
    )


def test_no_text_is_kept_or_told() -> None:
    secret = "sk-live-4f9a8b7c6d5e4f3a2b1c"
    attempt = replace(ran(command=f"curl -H {secret}"), output=secret, error=f"denied {secret}")
    odd = Attempt("small", tool_calls=(ToolCall(f"say {secret} aloud", {}),))
    memory = memory_of(attempt, odd, step=Step(f"use {secret}", previous_error=secret))
    assert secret not in repr(memory._tasks["t"].steps)
    assert secret not in str(step_to_dict(memory.recalled(ASKED, "t", 20.0)))
    assert told(memory, 2)[1].action == "[name]"


def test_a_step_that_tells_itself_or_has_no_known_task_is_the_very_same() -> None:
    memory = memory_of(ran())
    talking = Step(messages=(Message("user", "go"), Message("assistant", "gone"), Message("user", "on")))
    for step in (talking, Step("x", before=(EarlierStep(),))):
        assert memory.recalled(step, "t", 10.0) is step
    assert memory.recalled(ASKED, "another", 10.0) is ASKED
    assert memory.recalled(ASKED, None, 10.0) is ASKED


@pytest.mark.parametrize(("index", "n_told"), [(None, 2), (2, 2), (1, 2), (3, 0)])
def test_where_steps_are_missing_it_is_silent(index: int | None, n_told: int) -> None:
    assert len(told(memory_of(ran(), ran()), 2, Step("what next?", step_index=index))) == n_told


def test_tasks_are_forgotten_by_name_age_number_and_bytes() -> None:
    memory = memory_of(ran())
    memory.forget_task("t")
    assert told(memory, 1) == ()
    memory = memory_of(ran())
    memory.forget_session("s")
    assert (told(memory, 1), memory.n_bytes) == ((), 0)
    memory = memory_of(ran())
    assert len(memory.recalled(ASKED, "t", MAX_AGE_SECONDS).before) == 1
    assert memory.recalled(ASKED, "t", MAX_AGE_SECONDS + 1) is ASKED
    memory = memory_of(ran(), tasks=3)
    for number in range(5):
        memory.note_step(f"u{number}", f"u{number}-0", ASKED, "small", TIERS, 1.0)
    assert len(memory) == 3
    assert told(memory, 1, task="u1") == ()
    assert len(told(memory, 1, task="u4")) == 1
    memory = memory_of(ran(), tasks=10_000, most_bytes=20_000)
    for number in range(500):
        memory.note_step(f"u{number}", f"u{number}-0", ASKED, "small", TIERS, 1.0)
    assert memory.n_bytes <= 20_000
    assert len(memory) < 20


def test_of_a_long_task_the_last_steps_are_kept_and_outcomes_of_others_are_ignored() -> None:
    memory = memory_of(*[ran()] * 40)
    assert len(told(memory, 40)) == 32
    assert len(memory._steps) == 32
    memory.note_outcome(Outcome("t-0", ran(success=False)), TIERS)
    memory.note_outcome(Outcome("nobody", ran()), TIERS)
    assert all(each.success for each in told(memory, 40))


def test_of_several_attempts_the_last_counts_and_what_ran_beside_does_not() -> None:
    memory = memory_of(ran(success=False))
    for attempt in (ran("mid"), replace(ran("frontier", success=False), extra={"mirror": True})):
        memory.note_outcome(Outcome("t-0", attempt), TIERS)
    memory.note_outcome(Outcome("t-0", Attempt("small", task_success=False)), TIERS)
    (found,) = told(memory, 1)
    assert (found.height, found.success, found.n_attempts) == (0.5, True, 2)


def test_the_same_decision_counts_once() -> None:
    memory = memory_of(ran())
    memory.note_step("t", "t-0", ASKED, "small", TIERS, 5.0)
    assert len(told(memory, 1)) == 1


@pytest.mark.parametrize(
    ("attempts", "sign"),
    [
        ([ran()] * 3, "bash:ls gave the same result 3 times in a row"),
        (
            [ran(command=f"python {i}.py", success=False) for i in range(3)],
            "3 actions in a row failed, bash:python last",
        ),
        ([ran(command="pytest", success=False)], "the check bash:pytest failed"),
        ([ran()] * 2, None),
        ([ran(command=f"cat {i}.py") for i in range(5)], None),
    ],
)
def test_what_is_told_shows_that_an_agent_is_stuck(attempts: list[Attempt], sign: str | None) -> None:
    step = memory_of(*attempts).recalled(ASKED, "t", 99.0)
    assert sign_of_trouble(trajectory_of(step)) == sign


def test_the_same_call_with_another_result_is_no_loop() -> None:
    memory = TaskMemory(10, 2**20)
    for number in range(3):
        memory.note_step("t", f"t-{number}", Step(f"it printed {number}"), "small", TIERS, 1.0)
        memory.note_outcome(Outcome(f"t-{number}", ran()), TIERS)
    assert sign_of_trouble(trajectory_of(memory.recalled(Step("it printed 9"), "t", 2.0))) is None


def test_without_words_nothing_is_known_to_have_come_back_the_same() -> None:
    step = memory_of(*[ran()] * 3, step=Step()).recalled(Step(), "t", 99.0)
    assert {each.result for each in step.before} == {None}
    assert sign_of_trouble(trajectory_of(step)) is None
