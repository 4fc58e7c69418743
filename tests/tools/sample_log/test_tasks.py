"""Composition: every draft in one place, tasks that agents could have done, times that make sense."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from tools.sample_log.families import drafts
from tools.sample_log.tasks import WITH_SESSIONS, WORKFLOWS, PlacedStep, compose

SEED = 5


@pytest.fixture(scope="module")
def tasks() -> dict[str, list[PlacedStep]]:
    by_task: dict[str, list[PlacedStep]] = {}
    for step in compose(drafts(SEED, 6), SEED):
        by_task.setdefault(step.task_id, []).append(step)
    return by_task


def test_every_draft_is_placed_once(tasks: dict[str, list[PlacedStep]]) -> None:
    placed = Counter(step.draft.text for steps in tasks.values() for step in steps)
    assert placed == Counter(draft.text for draft in drafts(SEED, 6))


def test_tasks_have_two_to_eight_steps_of_one_agent(tasks: dict[str, list[PlacedStep]]) -> None:
    for steps in tasks.values():
        assert 2 <= len(steps) <= 8
        assert len({step.agent for step in steps}) == 1
        assert [step.step_index for step in steps] == list(range(len(steps)))
        assert [step.is_last for step in steps] == [False] * (len(steps) - 1) + [True]


def test_nodes_make_the_steps_of_their_family(tasks: dict[str, list[PlacedStep]]) -> None:
    for steps in tasks.values():
        assert all(WORKFLOWS[step.agent][step.node] == step.draft.family for step in steps)


def test_every_family_has_a_node() -> None:
    placed = {family for nodes in WORKFLOWS.values() for family in nodes.values()}
    assert placed == {draft.family for draft in drafts(SEED, 1)}


def test_time_runs_forward_within_four_weeks_of_october(tasks: dict[str, list[PlacedStep]]) -> None:
    first, last = dt.datetime(2026, 10, 1, tzinfo=dt.UTC), dt.datetime(2026, 10, 30, tzinfo=dt.UTC)
    for steps in tasks.values():
        times = [step.timestamp for step in steps]
        assert times == sorted(set(times))
        assert first <= times[0] <= times[-1] < last


def test_sessions_belong_to_agents_that_talk_and_hold_whole_tasks(tasks: dict[str, list[PlacedStep]]) -> None:
    for steps in tasks.values():
        assert len({step.session_id for step in steps}) == 1
        assert steps[0].session_id is None or steps[0].agent in WITH_SESSIONS
    assert any(steps[0].session_id for steps in tasks.values())


def test_the_same_seed_composes_the_same_tasks() -> None:
    few = drafts(SEED, 2)
    assert compose(few, SEED) == compose(few, SEED)
    assert compose(few, SEED) != compose(few, SEED + 1)
