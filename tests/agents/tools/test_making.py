"""Whatever a tool does becomes a result of bounded length, in bounded time."""

import asyncio
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.agents.tools.test_box import box_of, call, run
from tierwise.agents.attempts import Allowance, AllowanceError
from tierwise.agents.tools import NoLedger, Status, ToolError, ToolResult

HANG = threading.Event()
"""What waits for it hangs, until the test has seen enough."""


def test_reads_are_tried_again_and_writes_are_not() -> None:
    tries: list[int] = []

    def flaky() -> str:
        tries.append(1)
        if len(tries) % 2:
            raise OSError("the disk is away")
        return "read"

    (result,) = run(box_of(flaky), call())
    assert (result.status, result.text, result.n_tries) == (Status.OK, "read", 2)
    (result,) = run(box_of(flaky, "writes"), call())
    assert (result.status, result.n_tries, len(tries)) == (Status.ERROR, 1, 3)
    assert result.text == "The tool raised OSError: the disk is away"


class UntoldError(Exception):
    def __str__(self) -> str:
        raise RuntimeError("not even told")


def raises(error: BaseException) -> Callable[[], None]:
    def tool() -> None:
        raise error

    return tool


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ToolError("No such ticket."), "No such ticket."),
        (ValueError("bad"), "The tool raised ValueError: bad"),
        (UntoldError(), "The tool raised UntoldError."),
        (SystemExit(3), "The tool raised RuntimeError: it raised SystemExit"),
        (StopIteration(), "The tool raised RuntimeError: coroutine raised StopIteration"),
    ],
)
def test_a_tool_that_raises_gives_a_result(error: BaseException, text: str) -> None:
    (result,) = run(box_of(raises(error), "writes"), call())
    assert (result.status, result.text) == (Status.ERROR, text)


def test_a_result_is_cut_and_says_so() -> None:
    def much() -> str:
        return "x" * 10_000

    (result,) = run(box_of(much, max_result_chars=100), call())
    assert (result.text, result.n_cut_chars) == ("x" * 100, 9_900)
    assert json.loads(result.to_content()) == {"status": "ok", "result": "x" * 100, "characters_left_out": 9_900}


def endless() -> Iterator[int]:
    return itertools.count()


def circle() -> list[Any]:
    found: list[Any] = []
    found.append(found)
    return found


def thing() -> object:
    return object()


@pytest.mark.parametrize(
    ("tool", "status", "text"),
    [
        (lambda: {"a": [1, None]}, Status.OK, '{"a":[1,null]}'),
        (lambda: None, Status.OK, "null"),
        (endless, Status.ERROR, "The tool gives its result piece by piece, which nobody collects."),
        (circle, Status.ERROR, "The tool returned a list, which has no JSON form."),
        (thing, Status.ERROR, "The tool returned a object, which has no JSON form."),
        (lambda: b"\xff", Status.ERROR, "The tool returned a bytes, which has no JSON form."),
        (lambda: "\ud800", Status.OK, "\ufffd"),
    ],
    ids=["json", "null", "endless", "circle", "object", "bytes", "half a pair"],
)
def test_whatever_a_tool_returns_is_text_of_bounded_length(tool: Any, status: Status, text: str) -> None:
    (result,) = run(box_of(tool, "writes"), call())
    assert (result.status, result.text) == (status, text)


def hangs() -> None:
    HANG.wait(600)


async def is_deaf() -> None:
    while not HANG.is_set():
        try:
            await asyncio.sleep(0.02)
        except asyncio.CancelledError:
            continue


@pytest.mark.parametrize("tool", [hangs, is_deaf])
def test_a_tool_that_hangs_is_left_behind(tool: Any) -> None:
    HANG.clear()

    async def work() -> list[ToolResult]:
        try:
            box = box_of(tool, "writes", timeout_seconds=0.05)
            return await box.run([call()], ["tool"], Allowance(), NoLedger("t-1"))
        finally:
            HANG.set()  # a loop waits at its end for tasks that do not listen

    (result,) = asyncio.run(work())
    assert (result.status, result.n_tries) == (Status.TIMEOUT, 1)
    assert "nobody knows whether it still takes effect" in result.text


def test_the_deadline_is_shorter_than_a_tools_own_time() -> None:
    HANG.clear()
    box = box_of(hangs, timeout_seconds=500)
    (result,) = run(box, call(), allowance=Allowance(deadline_seconds=0.2))
    assert result.status is Status.TIMEOUT
    with pytest.raises(AllowanceError, match="the deadline has passed"):
        run(box, call(), allowance=Allowance(deadline_seconds=0))
    HANG.set()
