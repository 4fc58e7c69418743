"""Tasks of many steps: what the reference does reaches their end, and verifiers tell right from wrong."""

import gzip
import json
from itertools import groupby
from typing import Any

import pytest

from tierwise.data.samples import sample_long_tasks_path
from tools.long_tasks.calls import Call, read_call
from tools.long_tasks.generate import sample_tasks
from tools.long_tasks.kinds import KINDS, make_task
from tools.long_tasks.state import Underway
from tools.long_tasks.world import SIGNATURES


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(5))
def test_the_reference_ends_every_task_in_15_to_40_calls(kind: str, number: int) -> None:
    task = make_task(kind, number)
    world, n_calls = task.world.copy(), 0
    while not world.is_over:
        call = task.reference_call(world)
        assert task.makes_progress(world, call)
        task.act(world, call)
        n_calls += 1
    assert task.is_done(world)
    assert 15 <= n_calls <= 40


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_number_makes_the_same_task(kind: str) -> None:
    one, two, other = make_task(kind, 3), make_task(kind, 3), make_task(kind, 4)
    assert (one.goal, one.world) == (two.goal, two.world)
    assert one.world != other.world


def test_what_was_not_looked_up_is_no_progress() -> None:
    task = make_task("triage", 0)
    state = Underway(task, {})
    ticket = min(task.world.tickets)
    right = next(need.call(state.world) for need in task.needs if need.name == f"assign {ticket}")
    assert not task.makes_progress(state.world, right)
    state.act(Call("show", (ticket,)))
    assert task.makes_progress(state.world, right)
    assert not task.makes_progress(state.world, Call("show", (ticket,)))


def test_a_wrong_reply_cannot_be_taken_back() -> None:
    task = make_task("orders", 0)
    world = task.world.copy()
    while task.reference_call(world).tool != "reply":
        task.act(world, task.reference_call(world))
    ticket, euros = task.reference_call(world).arguments
    assert not task.makes_progress(world, Call("reply", (ticket, f"{euros}0")))
    task.act(world, Call("reply", (ticket, f"{euros}0")))
    while not world.is_over:
        task.act(world, task.reference_call(world))
    assert not task.is_done(world)


def test_a_task_that_is_said_to_be_done_too_often_is_over() -> None:
    task = make_task("trail", 0)
    world = task.world.copy()
    told = [task.act(world, Call("done")) for _ in range(5)]
    assert told == ["error: the task is not done yet"] * 4 + ["over"]
    assert not task.is_done(world)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (Call("drop", ("all",)), "error: there is no tool drop"),
        (Call("query", ("DROP TABLE stock",)), "error: only SELECT is allowed"),
        (Call("query", ("SELECT colour FROM stock",)), "error: no such column: colour"),
        (Call("order", ("lamp", "ten")), "error: ten is no number"),
        (Call("order", ("lamp",)), "error: use order(item, units)"),
        (Call("read", ("none.txt",)), "error: no file none.txt"),
    ],
)
def test_trouble_is_a_result(call: Call, told: str) -> None:
    task = make_task("stock", 0)
    assert task.act(task.world.copy(), call) == told


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("read(a.txt)", Call("read", ("a.txt",))),
        ("`move('a.txt', \"done\")`", Call("move", ("a.txt", "done"))),
        ('query(sql="SELECT 1")', Call("query", ("SELECT 1",))),
        (
            "query(SELECT price FROM stock WHERE item='fan')",
            Call("query", ("SELECT price FROM stock WHERE item='fan'",)),
        ),
        ("reply(12, 5, or so)", Call("reply", ("12", "5, or so"))),
        ("I am done", None),
        ("", None),
    ],
)
def test_calls_are_read_as_models_write_them(text: str, call: Call | None) -> None:
    assert read_call(text, SIGNATURES) == call


@pytest.mark.slow
def test_every_verdict_of_the_sample_can_be_told_again() -> None:
    """From the generator and the log alone: calls are made again in a new world."""
    with gzip.open(sample_long_tasks_path(), "rt", encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    tasks = {task.task_id: task for task in sample_tasks()}
    by_task = {name: list(steps) for name, steps in groupby(records, key=lambda record: record["task_id"])}
    assert list(by_task) == list(tasks)
    for name, steps in by_task.items():
        state = Underway(tasks[name], {})
        for record in steps:
            assert record["step"]["messages"] == state.messages
            judged = [tasks[name].makes_progress(state.world, _call(attempt)) for attempt in record["attempts"]]
            assert judged == [attempt["success"] for attempt in record["attempts"]]
            acted = next(each for each in record["attempts"] if each["tier"] == record["decision"]["tier"])
            state.act(_call(acted))
        assert acted["task_success"] == tasks[name].is_done(state.world)


def _call(attempt: dict[str, Any]) -> Call | None:
    calls = attempt["tool_calls"]
    return Call(calls[0]["name"], tuple(calls[0]["arguments"].values())) if calls else None
