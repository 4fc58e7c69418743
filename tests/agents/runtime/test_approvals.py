"""Calls that cannot be taken back: the approval hook judges a turn, and what it refuses goes one tier up."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.agents.runtime.script import Messages, Turn, Workshop, entry, plan_of, results_in
from tests.agents.runtime.test_turns import Files
from tierwise.agents.tools import ApprovalRequest, Status, function_tool

Start = Callable[..., Workshop]


@pytest.mark.slow
def test_what_was_not_approved_is_told_to_the_model(workshop: Start) -> None:
    def tries(_: str, n_turn: int, messages: Messages) -> Turn:
        return [("delete_all", {})] if n_turn == 0 else results_in(messages)[0]["result"]

    world, shop = Files(a="x"), workshop(plan_of(entry("a", "delete_all")), tries)
    result = shop.run(world.tools)
    assert (world.done, result.answer) == ([], "the answer")
    assert result.steps[2].output == "The call cannot be taken back, and it was not approved."
    shop = workshop(plan_of(entry("a", "delete_all")), tries)
    shop.run(world.tools, approve=lambda _: True)
    assert world.done == ["delete_all"]


def test_a_refused_call_goes_one_tier_up_before_anything_is_done(workshop: Start) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def work(_: str, n_turn: int, __: Messages) -> Turn:
        if n_turn:
            return "written"
        text = "wrong" if len(asked) < 1 else "right"
        return [("read", {"name": "a"}), ("write", {"name": "b", "text": text})]

    def approve(request: ApprovalRequest) -> bool:
        asked.append((request.tool, request.arguments))
        return request.arguments["text"] == "right"

    world = Files(a="seven")
    tools = [function_tool(world.read, "reads"), function_tool(world.write, "irreversible")]
    shop = workshop(plan_of(entry("a", "read", "write")), work)
    result = shop.run(tools, approve=approve)
    assert (result.answer, world.files["b"], world.done) == ("the answer", "right", ["read a", "write b"])
    assert asked == [("write", {"name": "b", "text": text}) for text in ("wrong", "right")]
    turn = result.steps[1]
    assert [attempt.success for attempt in turn.attempts] == [False, None]
    assert turn.attempts[0].message == "write: The call cannot be taken back, and it was not approved."
    assert turn.attempts[0].tier != turn.attempts[1].tier == turn.tier
    logged = shop.logged()["t-1/a"]
    assert [attempt.success for attempt in logged.attempts] == [False, None]


def test_a_call_that_no_tier_is_allowed_is_made_by_none_and_asked_for_once_each(workshop: Start) -> None:
    asked: list[ApprovalRequest] = []

    def tries(_: str, n_turn: int, messages: Messages) -> Turn:
        return [("delete_all", {}), ("delete_all", {})] if n_turn == 0 else results_in(messages)[0]["result"]

    world, shop = Files(a="x"), workshop(plan_of(entry("a", "delete_all")), tries)
    result = shop.run(world.tools, approve=lambda request: asked.append(request) or False)
    turn, then = result.steps[1:3]
    assert (world.done, then.output) == ([], "The call cannot be taken back, and it was not approved.")
    assert [attempt.success for attempt in turn.attempts] == [False] * len(turn.attempts)
    assert len(turn.attempts) == len(shop.tiers.names) - shop.tiers.index(turn.attempts[0].tier)
    assert [call.result.status for call in turn.tool_calls if call.result] == [Status.REFUSED] * 2
    assert [request.call_id for request in asked] == ["t-1/a#0", "t-1/a#1"]


def test_what_was_approved_for_one_tier_is_not_asked_for_again_for_the_next(workshop: Start) -> None:
    asked: list[tuple[str, str]] = []

    def work(_: str, n_turn: int, __: Messages) -> Turn:
        if n_turn:
            return "written"
        last = "right" if ("t-1/a#1", "wrong") in asked else "wrong"
        return [("write", {"name": "b", "text": text}) for text in ("first", last, "first")]

    def approve(request: ApprovalRequest) -> bool:
        asked.append((request.call_id, request.arguments["text"]))
        return request.arguments["text"] != "wrong"

    world = Files()
    shop = workshop(plan_of(entry("a", "write")), work)
    shop.run([function_tool(world.write, "irreversible")], approve=approve)
    assert asked == [("t-1/a#0", "first"), ("t-1/a#1", "wrong"), ("t-1/a#1", "right"), ("t-1/a#2", "first")]
    assert (world.done, world.files) == (["write b"] * 3, {"b": "first"})


def test_without_a_hook_no_tier_is_asked_for_what_nobody_approves(workshop: Start) -> None:
    def tries(_: str, n_turn: int, __: Messages) -> Turn:
        return [("delete_all", {})] if n_turn == 0 else "left it alone"

    world, shop = Files(a="x"), workshop(plan_of(entry("a", "delete_all")), tries)
    turn = shop.run(world.tools).steps[1]
    assert (world.done, [attempt.success for attempt in turn.attempts]) == ([], [None])


def test_the_approval_of_a_turn_holds_for_the_calls_that_were_approved(workshop: Start) -> None:
    asked: list[str] = []

    def deletes(_: str, n_turn: int, __: Messages) -> Turn:
        return [("delete_all", {})] if n_turn < 2 else "gone"

    world, shop = Files(a="x"), workshop(plan_of(entry("a", "delete_all")), deletes)
    shop.run(world.tools, approve=lambda request: asked.append(request.call_id) is None)
    assert (asked, world.done) == (["t-1/a#0", "t-1/a:2#0"], ["delete_all"] * 2)
