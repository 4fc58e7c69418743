"""Calls are made only where they may be, writes once, and whatever a tool does becomes a result."""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from tierwise.agents.attempts import Allowance, AllowanceError
from tierwise.agents.tools import (
    AgentTool,
    Approval,
    ApprovalRequest,
    CallRequest,
    Effect,
    NoLedger,
    Occasion,
    Status,
    Toolbox,
    ToolResult,
    UnsettledError,
    function_tool,
)
from tierwise.data.errors import TierwiseError


class Ledger(NoLedger):
    """Remembers in which order calls were begun and finished."""

    def __init__(self, begun: Sequence[str] = (), results: dict[str, ToolResult] | None = None) -> None:
        super().__init__("t-1")
        self.begun = set(begun)
        self.results = results or {}
        self.notes: list[str] = []

    def result_of(self, call_id: str) -> ToolResult | None:
        return self.results.get(call_id)

    def was_begun(self, call_id: str) -> bool:
        return call_id in self.begun

    async def begin(self, request: CallRequest) -> None:
        self.notes.append(f"begin {request.call_id}")

    async def finish(self, request: CallRequest, result: ToolResult) -> None:
        self.notes.append(f"{result.status} {request.call_id}")


class World:
    """Remembers what was done to it."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def read(self, name: str) -> str:
        self.calls.append(f"read {name}")
        return f"content of {name}"

    def write(self, name: str) -> str:
        self.calls.append(f"write {name}")
        return "written"

    def delete(self, name: str) -> str:
        self.calls.append(f"delete {name}")
        return "deleted"

    def pay(self, name: str, idempotency_key: str) -> str:
        self.calls.append(f"pay {name} {idempotency_key}")
        return "paid"

    def box(self, **options: Any) -> Toolbox:
        effects = {"read": "reads", "write": "writes", "delete": "irreversible", "pay": "irreversible"}
        return Toolbox([function_tool(getattr(self, name), effect) for name, effect in effects.items()], **options)


def ask(tool: str, name: str = "a") -> CallRequest:
    return CallRequest(f"{tool}-{name}", tool, json.dumps({"name": name}))


def run(
    box: Toolbox,
    *requests: CallRequest,
    allowed: Sequence[str] | None = None,
    ledger: NoLedger | None = None,
    allowance: Allowance | None = None,
) -> list[ToolResult]:
    names = list(box.tools) if allowed is None else allowed
    return asyncio.run(box.run(requests, names, allowance or Allowance(), ledger or NoLedger("t-1")))


def box_of(function: Callable[..., Any], effect: str = "reads", **options: Any) -> Toolbox:
    return Toolbox([function_tool(function, effect, name="tool", **options)], pause_seconds=0.001)


def call(arguments: str = "{}") -> CallRequest:
    return CallRequest("c-1", "tool", arguments)


def test_only_allowed_tools_are_called() -> None:
    world = World()
    results = run(world.box(), ask("read"), ask("write"), ask("nothing"), allowed=["read", "nothing"])
    assert [result.status for result in results] == [Status.OK, Status.REFUSED, Status.REFUSED]
    assert results[1].text == "There is no tool 'write' for this step."
    assert world.calls == ["read a"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("{", "is no JSON"),
        ("[]", "The arguments are wrong"),
        ("{}", "'name' is a required property"),
        ('{"name": 3}', "3 is not of type 'string'"),
        ('{"name": "a", "all": true}', "'all' was unexpected"),
        ("[" * 5_000, "cannot be used"),
    ],
)
def test_wrong_arguments_reach_no_tool(arguments: str, message: str) -> None:
    world = World()
    (result,) = run(world.box(), CallRequest("c-1", "write", arguments))
    assert (result.status, result.n_tries, world.calls) == (Status.ERROR, 0, [])
    assert message in result.text


def test_what_cannot_be_taken_back_waits_for_approval() -> None:
    world = World()
    asked: list[ApprovalRequest] = []

    def approve(request: ApprovalRequest) -> bool:
        asked.append(request)
        return request.arguments["name"] == "a"

    results = run(world.box(approve=approve), ask("delete"), ask("delete", "b"), ask("write"))
    assert [result.status for result in results] == [Status.OK, Status.REFUSED, Status.OK]
    assert world.calls == ["delete a", "write a"]
    first = ApprovalRequest("t-1", "delete-a", "delete", {"name": "a"}, Effect.IRREVERSIBLE, Occasion.IRREVERSIBLE)
    assert (asked[0], len(asked)) == (first, 2)


def boom(_: object) -> bool:
    raise RuntimeError("no answer")


@pytest.mark.parametrize("approve", [None, boom, lambda _: "yes", lambda _: 1, lambda _: None])
def test_nothing_but_a_yes_approves(approve: Any) -> None:
    world = World()
    (result,) = run(world.box(approve=approve), ask("delete"))
    assert (result.status, world.calls) == (Status.REFUSED, [])
    assert "not approved" in result.text


def test_an_approval_may_take_its_time_but_not_more_than_there_is() -> None:
    async def approve(request: ApprovalRequest) -> bool:
        if request.arguments["name"] != "a":
            await asyncio.Event().wait()
        return True

    world = World()
    assert run(world.box(approve=approve), ask("delete"))[0].status is Status.OK
    with pytest.raises(AllowanceError, match="the deadline passed before 'delete' was approved"):
        run(world.box(approve=approve), ask("delete", "b"), allowance=Allowance(deadline_seconds=0.2))
    assert world.calls == ["delete a"]


def test_reads_run_side_by_side() -> None:
    meeting = threading.Barrier(4)

    def meet() -> str:
        meeting.wait(60)
        return "met"

    requests = [CallRequest(f"c-{i}", "tool", "{}") for i in range(4)]
    assert [result.text for result in run(box_of(meet), *requests)] == ["met"] * 4


def test_writes_run_one_after_the_other() -> None:
    running: list[int] = []
    most: list[int] = []

    async def alone() -> None:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.001)
        running.pop()

    run(box_of(alone, "writes"), *(CallRequest(f"c-{i}", "tool", "{}") for i in range(4)))
    assert most == [1] * 4


def test_one_write_among_reads_keeps_the_order() -> None:
    world = World()
    run(world.box(), ask("read"), ask("write"), ask("read", "b"))
    assert world.calls == ["read a", "write a", "read b"]


def test_writes_are_noted_before_and_after_and_reads_after() -> None:
    ledger = Ledger()
    run(World().box(), ask("read"), ask("write"), ask("delete"), ledger=ledger)
    assert ledger.notes == ["ok read-a", "begin write-a", "ok write-a", "refused delete-a"]


def test_what_was_finished_is_not_done_again() -> None:
    world, known = World(), ToolResult(Status.OK, "written before")
    assert run(world.box(), ask("write"), ledger=Ledger(results={"write-a": known})) == [known]
    assert world.calls == []


def test_an_interrupted_write_is_settled_by_its_key() -> None:
    world = World()
    (result,) = run(world.box(), ask("pay"), ledger=Ledger(begun=["pay-a"]))
    assert (result.text, world.calls) == ("paid", ["pay a pay-a"])


@pytest.mark.parametrize(
    ("said", "text", "calls"),
    [
        (True, "written", ["write a"]),
        (Approval.CALL, "written", ["write a"]),
        (Approval.DONE, "The call took effect before the task was interrupted; what it returned is lost.", []),
    ],
)
def test_an_interrupted_write_without_a_key_is_settled_by_the_hook(said: Any, text: str, calls: list[str]) -> None:
    world = World()
    asked: list[Occasion] = []

    def approve(request: ApprovalRequest) -> Any:
        asked.append(request.occasion)
        return said

    (result,) = run(world.box(approve=approve), ask("write"), ledger=Ledger(begun=["write-a"]))
    assert (result.text, world.calls, asked) == (text, calls, [Occasion.INTERRUPTED])


@pytest.mark.parametrize("approve", [None, lambda _: False])
def test_an_interrupted_write_that_nobody_settles_is_not_repeated(approve: Any) -> None:
    world, ledger = World(), Ledger(begun=["write-a"])
    with pytest.raises(UnsettledError, match=r"'write' \(write-a\) was begun before .* approval hook"):
        run(world.box(approve=approve), ask("write"), ledger=ledger)
    assert (world.calls, ledger.notes) == ([], [])


def test_an_interrupted_read_is_just_read_again() -> None:
    world = World()
    run(world.box(), ask("read"), ledger=Ledger(begun=["read-a"]))
    assert world.calls == ["read a"]


def test_two_tools_of_one_name_are_refused() -> None:
    tool = AgentTool("read", "", {}, Effect.READS, lambda *_: asyncio.sleep(0))
    with pytest.raises(TierwiseError, match="two tools are called 'read'"):
        Toolbox([tool, tool])
