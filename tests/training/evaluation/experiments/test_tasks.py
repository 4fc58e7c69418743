"""From steps to tasks: what counts, in which arm, and what is left for later."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks, experiment_tasks

ARMS = ("rules", "learned")


def step(task: str, at: float, arm: str, *attempts: Attempt) -> LoggedStep:
    decision = LoggedDecision(f"d-{task}-{at}", "small", arm, arm, 0.5)
    return LoggedStep(f"s-{task}-{at}", Step("Do it"), attempts, task, timestamp=at, decision=decision)


def good(cost_usd: float | None = 1.0, latency_ms: float | None = 10.0) -> Attempt:
    return Attempt("small", success=True, cost_usd=cost_usd, latency_ms=latency_ms)


def bad() -> Attempt:
    return Attempt("small", success=False, cost_usd=2.0, latency_ms=30.0)


def read(*steps: LoggedStep) -> ExperimentTasks:
    return experiment_tasks(steps, ARMS, lambda at: (0.5, 0.5) if at >= 10 else (1.0, 0.0), 1000.0, 100.0)


def test_a_task_is_one_row() -> None:
    tasks = read(step("t", 10, "learned", bad(), good()), step("t", 11, "learned", bad()), step("t", 12, "learned"))
    assert tasks.arm.tolist() == [1]
    assert tasks.success.tolist() == [0.5]
    assert tasks.is_done.tolist() == [0.0]
    assert tasks.cost_usd.tolist() == [5.0]
    assert tasks.latency_ms.tolist() == [35.0]
    assert tasks.escalations.tolist() == [0.5]
    assert tasks.n_steps == 3


def test_what_is_unknown_stays_unknown() -> None:
    tasks = read(step("t", 10, "rules", replace(good(None, None), success=None)))
    for metric in ("success", "is_done", "cost_usd", "latency_ms"):
        assert np.isnan(tasks.column(metric)).tolist() == [True]


def test_a_missing_price_is_no_saving() -> None:
    """Only an attempt that failed before it was answered may have no cost."""
    unanswered = Attempt("small", success=False, error="connection refused")
    assert np.isnan(read(step("t", 10, "rules", good(3.0), good(None))).cost_usd).tolist() == [True]
    assert read(step("t", 10, "rules", unanswered, good(3.0))).cost_usd.tolist() == [3.0]
    assert np.isnan(read(step("t", 10, "rules", unanswered)).cost_usd).tolist() == [True]


def test_half_the_price_for_twice_the_steps_is_no_saving() -> None:
    """A task is what it costs as a whole: an arm that needs more steps for it pays for them."""
    few = step("few", 10, "rules", good(2.0))
    many = [step("many", at, "learned", good(1.0)) for at in (10, 11)]
    assert read(few, *many).cost_usd.tolist() == [2.0, 2.0]


def test_tasks_stand_in_the_order_in_which_they_began_with_the_shares_of_that_moment() -> None:
    tasks = read(step("b", 20, "rules", good()), step("a", 5, "rules", good()))
    assert tasks.task_ids == ("a", "b")
    assert tasks.p_arms.tolist() == [[1.0, 0.0], [0.5, 0.5]]


def test_a_task_still_running_waits_and_strange_arms_do_not_count() -> None:
    tasks = read(step("a", 10, "rules", good()), step("b", 950, "rules", good()), step("c", 10, "other", good()))
    assert tasks.task_ids == ("a",)
    assert tasks.n_unsettled == 1


def test_tasks_that_began_after_one_that_still_runs_wait_for_it() -> None:
    """Else the arm whose tasks take longer is judged by its short ones."""
    long = [step("long", at, "learned", good()) for at in (20, 500, 950)]
    tasks = read(step("before", 10, "rules", good()), *long, step("after", 30, "rules", good()))
    assert (tasks.task_ids, tasks.n_unsettled, tasks.n_steps) == (("before",), 2, 1)


def test_of_several_that_still_run_the_first_is_waited_for() -> None:
    running = [step(name, at, "learned", good()) for name, began in (("one", 20), ("two", 40)) for at in (began, 950)]
    tasks = read(step("before", 10, "rules", good()), step("between", 30, "rules", good()), *running)
    assert tasks.task_ids == ("before",)


def test_a_task_that_never_ends_holds_up_nobody_after_a_day() -> None:
    endless = [step("endless", at, "rules", good(1.0)) for at in (10, 86_500)]
    steps = [*endless, step("short", 20, "learned", good())]
    tasks = experiment_tasks(steps, ARMS, lambda _: (0.5, 0.5), 86_500.0, 100.0)
    assert tasks.task_ids == ("endless", "short")
    assert tasks.cost_usd.tolist() == [2.0, 1.0]
    a_moment_before = experiment_tasks(
        [*steps[:1], step("endless", 86_400, "rules", good()), steps[2]], ARMS, lambda _: (0.5, 0.5), 86_405.0, 100.0
    )
    assert (len(a_moment_before), a_moment_before.n_unsettled) == (0, 2)


def test_a_task_with_two_arms_counts_where_it_began() -> None:
    tasks = read(step("a", 10, "rules", good()), step("a", 20, "learned", good()))
    assert (tasks.arm.tolist(), tasks.n_mixed) == ([0], 1)


def test_an_experiment_needs_two_arms() -> None:
    with pytest.raises(EvaluationError, match="needs two different arms or more; it has rules"):
        experiment_tasks([], ["rules"], lambda _: (1.0,), 0.0)
