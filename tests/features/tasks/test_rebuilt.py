"""What a log is rebuilt to is what the memory told; logs that say more themselves stay as they are."""

from dataclasses import replace

import numpy as np
import pytest

from tests.features.tasks.test_past import ASKED, TIERS, ran
from tierwise.data.records import LoggedDecision, LoggedStep, Outcome, Step
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.schema import FeatureSchema
from tierwise.features.tasks import Rebuilding, TaskMemory, rebuilt
from tierwise.features.tasks.before import BEFORE_NAMES

ATTEMPTS = [
    [ran()],
    [ran(success=False, error="exit 1: no such file"), ran("mid", "cat a.py")],
    [ran("frontier", "pytest -q", None)],
    [],
    [ran("mid", "pytest -q", False)],
]


def served(n_tasks: int = 2) -> list[LoggedStep]:
    """A log as a service with a memory writes it, the tasks in turns."""
    memory, log = TaskMemory(10, 2**20), []
    for number, attempts in enumerate(ATTEMPTS):
        for task in (f"t{i}" for i in range(n_tasks)):
            now, key = 1_000.0 + 7.3 * number, f"{task}-{number}"
            asked = Step(
                f"what after {number % 2}?", step_index=number, previous_error="exit 2" if number == 3 else None
            )
            step = memory.recalled(asked, task, now)
            memory.note_step(task, key, step, "small", TIERS, now)
            for attempt in attempts:
                memory.note_outcome(Outcome(key, attempt), TIERS)
            decision = LoggedDecision(key, "small")
            log.append(LoggedStep(key, step, tuple(attempts), task, timestamp=now, decision=decision))
    return log


def bare(logged: LoggedStep) -> LoggedStep:
    return replace(logged, step=replace(logged.step, before=()))


def test_a_log_without_memory_is_rebuilt_to_what_the_memory_told() -> None:
    log = served()
    assert [len(logged.step.before) for logged in log] == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert list(rebuilt([bare(logged) for logged in log], TIERS)) == log
    assert list(rebuilt([bare(logged) for logged in reversed(log)], TIERS)) == log[::-1], "whatever the order of rows"


def test_the_features_of_a_served_and_of_a_rebuilt_step_are_the_very_same() -> None:
    log = served()
    pipeline = FeaturePipeline.fit([logged.step for logged in log], load_encoder(), 4, task_memory=True)
    told = pipeline.transform([logged.step for logged in log])
    again = pipeline.transform([logged.step for logged in rebuilt([bare(logged) for logged in log], TIERS)])
    assert np.array_equal(told, again)
    assert not np.array_equal(told, pipeline.transform([bare(logged).step for logged in log]))


def test_a_log_that_was_served_with_a_memory_stays_as_it_is() -> None:
    log = served(1)
    silent = [bare(logged) if logged.step_id == "t0-3" else logged for logged in log]
    assert list(rebuilt(silent, TIERS)) == silent


@pytest.mark.parametrize("change", [{"task_id": None}, {"timestamp": None}])
def test_steps_without_a_task_or_a_time_are_told_nothing(change: dict[str, None]) -> None:
    log = [replace(bare(logged), **change) for logged in served(1)]  # type: ignore[arg-type]
    assert list(rebuilt(log, TIERS)) == log


def test_a_line_that_is_earlier_than_the_last_of_its_task_is_told_nothing() -> None:
    first, second, *_ = [bare(logged) for logged in served(1)]
    reading = Rebuilding(TIERS)
    assert reading.next(second) == second
    assert reading.next(first) is first


def test_a_router_without_task_memory_never_looks_at_it() -> None:
    plain = FeaturePipeline.fit([ASKED], load_encoder(), 4)
    told = served(1)[-1].step
    assert np.array_equal(plain.transform([told]), plain.transform([replace(told, before=())]))
    assert not set(BEFORE_NAMES) & set(plain.schema.names)
    schema = FeaturePipeline.fit([ASKED], load_encoder(), 4, task_memory=True).schema
    assert set(BEFORE_NAMES) <= set(schema.names)
    assert FeatureSchema.from_mapping(schema.to_mapping()) == schema
    assert "task_memory" not in plain.schema.to_mapping()
