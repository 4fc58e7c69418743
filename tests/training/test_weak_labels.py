"""Weak labels: in which order a step is told, that they teach, and that they certify nothing."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tierwise.cli.learning.train import _training_lines
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.draw import draw_steps
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.synthetic.task_logs import one_attempt, task_log
from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.fitting.task_ends import TaskEnds
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import train_router
from tierwise.training.weak_labels import task_ends

TIERS = ("small", "mid", "frontier")
FAILED = Attempt("small", success=False)
SILENT = Attempt("small")


def a_task(ended_well: bool, *steps: LoggedStep) -> list[LoggedStep]:
    last = steps[-1].attempts[-1]
    told = replace(steps[-1], attempts=(*steps[-1].attempts[:-1], replace(last, task_success=ended_well)))
    return [replace(step, task_id="t") for step in (*steps[:-1], told)]


def a_step(index: int, *attempts: Attempt, **said: object) -> LoggedStep:
    return LoggedStep(f"s-{index}", Step("x", step_index=index, **said), attempts)  # type: ignore[arg-type]


def ends_of(steps: Sequence[LoggedStep], weight: float = 1.0) -> tuple[list[LoggedStep], TaskEnds | None]:
    drawn = draw_steps(steps, TIERS, 0)
    there = [*drawn.steps, *drawn.weak]
    there.sort(key=lambda step: step.step_id)
    return there, task_ends(there, drawn.tasks, TIERS, weight)


def told(ends: TaskEnds | None) -> list[str]:
    """Of each step: what it is told, or that it may be to blame."""
    assert ends is not None
    words = []
    for row in range(len(ends)):
        known = ends.told[row][~np.isnan(ends.told[row])]
        words.append(str(int(known[0])) if len(known) else "open" if ends.tier[row] >= 0 else "")
    return words


def test_all_steps_of_a_task_that_succeeded_sufficed_and_one_of_a_failed_one_did_not() -> None:
    steps = [a_step(n, SILENT) for n in range(3)]
    assert told(ends_of(a_task(True, *steps))[1]) == ["1", "1", "1"]
    _, failed = ends_of(a_task(False, *steps))
    assert failed is not None
    assert told(failed) == ["open"] * 3
    assert failed.size.tolist() == [3, 3, 3]
    assert ends_of(a_task(True, *steps), weight=0.0)[1] is None


def test_a_steps_own_outcome_is_its_own_and_a_known_failure_explains_the_task() -> None:
    steps = [a_step(0, SILENT), a_step(1, FAILED), a_step(2, SILENT)]
    assert told(ends_of(a_task(True, *steps))[1]) == ["1", "", "1"]
    assert ends_of(a_task(False, *steps))[1] is None
    good = [a_step(0, SILENT), a_step(1, Attempt("small", success=True)), a_step(2, SILENT)]
    assert told(ends_of(a_task(False, *good))[1]) == ["open", "", "open"]


def test_of_an_escalation_the_last_attempt_is_what_the_task_speaks_of() -> None:
    _, ends = ends_of(a_task(False, a_step(0, FAILED, Attempt("mid")), a_step(1, SILENT)))
    assert ends is not None
    assert ends.tier.tolist() == [1, 0]


def test_what_stands_beside_a_step_goes_before_its_task() -> None:
    unreadable = Attempt("small", error="This model's maximum context length is 8192 tokens")
    assert told(ends_of(a_task(True, a_step(0, unreadable), a_step(1, SILENT)))[1]) == ["0", "1"]
    assert told(ends_of(a_task(False, a_step(0, unreadable), a_step(1, SILENT)))[1]) == ["0", ""]
    trouble = Attempt("small", error="429 rate limit")
    assert told(ends_of(a_task(False, a_step(0, trouble), a_step(1, SILENT)))[1]) == ["open", "open"]


def test_a_step_that_was_tried_again_failed_and_does_not_explain_its_task() -> None:
    again = a_step(1, SILENT, retry=1, previous_error="no JSON")
    steps = a_task(False, a_step(0, SILENT), again, a_step(2, SILENT))
    assert told(ends_of(steps)[1]) == ["0", "open", "open"]


def test_a_step_on_a_tier_that_nobody_knows_may_be_to_blame() -> None:
    steps = a_task(False, a_step(0, SILENT), a_step(1, Attempt("huge")), a_step(2, SILENT))
    there = [step for step in steps if step.step_id != "s-1"]
    drawn = draw_steps(steps, TIERS, 0)
    assert task_ends(steps, drawn.tasks, TIERS, 1.0) is None
    assert len(there) == 2


CONFIG = TrainConfig(
    n_folds=2,
    n_components=0,
    n_repeats=1,
    booster=BoosterParams(n_rounds=16, learning_rate=0.15, num_leaves=7, min_child_samples=10),
)


def world_log(n_steps: int = 400) -> list[LoggedStep]:
    world = TaskWorld(World(seed=3), "pareto", 20, tier_lift=(1.5, 2.5, 3.5))
    return task_log(world.draw(n_steps, 1), one_attempt, TIERS, 1)


def with_ends_alone(log: Sequence[LoggedStep], always: bool | None = None) -> list[LoggedStep]:
    """The same log where only the last step of each task says how the task ended."""
    good = {step.task_id: True for step in log}
    last = {step.task_id: step.step_id for step in log}
    for step in log:
        good[step.task_id] &= bool(step.attempts[0].success)
    return [
        replace(
            step,
            attempts=tuple(
                replace(
                    attempt,
                    success=None,
                    task_success=(good[step.task_id] if always is None else always)
                    if step.step_id == last[step.task_id]
                    else None,
                )
                for attempt in step.attempts
            ),
        )
        for step in log
    ]


@pytest.mark.slow
@pytest.mark.parametrize("always", [None, True])
def test_a_log_of_tasks_ends_alone_certifies_nothing_and_says_what_is_missing(
    always: bool | None, catalogue: TierCatalogue, tmp_path: Path
) -> None:
    """Not even where every task succeeded on whatever tier."""
    trained = train_router(with_ends_alone(world_log(), always), catalogue, CONFIG)
    policy = trained.parts.policy
    assert all(point.cost_weight is None for part in (policy, *policy.parts) for point in part.points)
    lines = _training_lines(trained)
    assert "Of 400 (100%) only the end of their task is known" in lines[1]
    assert sum("Nothing is certified" in line for line in lines) == 1
    assert "0 have an outcome of their own" in lines[-1]
    assert "tierwise collect --compare frontier" in lines[-1]
    assert trained.save(tmp_path / "bundle")
    card = (tmp_path / "bundle" / "card.md").read_text()
    assert "Of 400 only the end of their task is known" in card
    decision = trained.router().decide(Step("anything"))
    assert decision.tier == "frontier"


@pytest.mark.slow
def test_weak_labels_teach_and_leave_the_evidence_as_it_is(catalogue: TierCatalogue) -> None:
    log = world_log()
    known, weak = log[:150], with_ends_alone(log[150:])
    alone, beside = (train_router(steps, catalogue, CONFIG) for steps in (known, [*known, *weak]))
    assert beside.parts.router_graph != alone.parts.router_graph
    assert beside.parts.policy.n_steps == alone.parts.policy.n_steps == 150
    assert beside.parts.policy.n_tasks == alone.parts.policy.n_tasks
    assert (beside.summary["n_steps"], beside.summary["n_weak"]) == (400, 250)
    ignored = train_router([*known, *weak], catalogue, replace(CONFIG, weak_weight=0.0))
    assert ignored.parts.router_graph == alone.parts.router_graph
    assert "n_weak" not in ignored.summary


def test_the_weight_of_weak_labels_is_a_share() -> None:
    assert TrainConfig.from_mapping({"weak_weight": 1}).weak_weight == 1.0
    with pytest.raises(TrainingError, match=r"weak_weight is 2\.0; a number from 0 to 1 is needed"):
        TrainConfig.from_mapping({"weak_weight": 2})
