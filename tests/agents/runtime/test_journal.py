"""Tasks survive their process: every result is on disk before the next call, and no write is done twice."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.agents.runtime.script import Messages, Turn, Workshop, entry, plan_of
from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.runtime import JournalError, Origin, RuntimeSettings
from tierwise.agents.runtime.journal_file import JournalFile
from tierwise.agents.tools import AgentTool, Approval, ApprovalRequest, Occasion, function_tool
from tierwise.data.errors import TierwiseError

Start = Callable[..., Workshop]


class KilledError(BaseException):
    """Stands for the end of the process: nothing catches it."""


class World:
    """Notes and payments, which last. ``kill_in`` ends the process in a call that has taken effect."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.payments: dict[str, str] = {}
        self.is_dead = False
        self.kill_in = ""

    def look(self) -> str:
        return "all quiet"

    def note(self, text: str) -> str:
        self._alive()
        self.notes.append(text)
        self._maybe_die("note")
        return "noted"

    def pay(self, amount: int, idempotency_key: str) -> str:
        self._alive()
        self.payments.setdefault(idempotency_key, f"paid {amount}")
        self._maybe_die("pay")
        return self.payments[idempotency_key]

    @property
    def tools(self) -> list[AgentTool]:
        return [
            function_tool(self.look, "reads"),
            function_tool(self.note, "writes"),
            function_tool(self.pay, "irreversible"),
        ]

    def approve(self, request: ApprovalRequest) -> Approval:
        """Approves all, and looks whether an interrupted note was taken."""
        if request.occasion is Occasion.INTERRUPTED and request.arguments["text"] in self.notes:
            return Approval.DONE
        return Approval.CALL

    def _alive(self) -> None:
        if self.is_dead:
            raise RuntimeError("the process is gone")

    def _maybe_die(self, tool: str) -> None:
        if self.kill_in == tool:
            self.is_dead = True
            raise RuntimeError("the process is gone")


def work(_: str, n_turn: int, __: Messages) -> Turn:
    if n_turn == 0:
        return [("look", {}), ("note", {"text": "first"}), ("pay", {"amount": 5})]
    return [("note", {"text": "second"})] if n_turn == 1 else "done"


PLAN = plan_of(entry("a", "look", "note", "pay"), entry("b"))


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[World, int, bool], None]]:
    """Ends the process at the n-th record, before or after it is on disk."""
    append = JournalFile.append

    def set_up(world: World, n_records: int, is_written: bool) -> None:
        left = [n_records]

        def dying(self: JournalFile, record: Any) -> None:
            left[0] -= 1
            if left[0] == 0 and is_written:
                append(self, record)
            if left[0] <= 0 or world.is_dead:
                world.is_dead = True
                raise KilledError
            append(self, record)

        monkeypatch.setattr(JournalFile, "append", dying)

    yield set_up
    monkeypatch.undo()


def n_records_of(shop: Workshop) -> int:
    return len((shop.journals / "t-1.jsonl").read_text().splitlines())


@pytest.mark.slow
@pytest.mark.parametrize(
    "records", [range(5, 9), pytest.param(range(2, 15), marks=pytest.mark.slow)], ids=["writes", "all"]
)
def test_killed_at_any_record_a_task_ends_as_if_it_had_not_been(
    records: range, workshop: Start, kill_at: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, shop = World(), workshop(PLAN, work)
    assert shop.run(undisturbed.tools, approve=undisturbed.approve, journal_folder=shop.journals).answer == "the answer"
    assert n_records_of(shop) == 14, "the task, the plan, three turns, seven of calls, b, the answer"
    for n in records:
        for is_written in (False, True):
            (shop.journals / "t-1.jsonl").unlink()
            world = World()
            kill_at(world, n, is_written)
            with pytest.raises(KilledError):
                shop.run(world.tools, approve=world.approve, journal_folder=shop.journals)
            monkeypatch.undo()
            world.is_dead = False
            n_before = len(shop.script.bodies)
            result = shop.resume(world.tools, approve=world.approve, journal_folder=shop.journals)
            assert result.answer == "the answer"
            assert world.notes == ["first", "second"], (n, is_written)
            assert list(world.payments.values()) == ["paid 5"]
            assert (n_records_of(shop), len(result.steps)) in ((14, 6), (15, 6))
            assert len(shop.script.bodies) - n_before <= 6


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["note", "pay"])
def test_killed_inside_a_write_a_task_does_not_write_twice(tool: str, workshop: Start, kill_at: Any) -> None:
    """After it took effect and before anybody could note so."""
    world, shop = World(), workshop(PLAN, work)
    world.kill_in = tool
    kill_at(world, 1_000, False)
    with pytest.raises(KilledError):
        shop.run(world.tools, approve=world.approve, journal_folder=shop.journals)
    world.is_dead, world.kill_in = False, ""
    result = shop.resume(world.tools, approve=world.approve, journal_folder=shop.journals)
    assert (result.answer, world.notes, len(world.payments)) == ("the answer", ["first", "second"], 1)


@pytest.mark.slow
def test_what_nobody_settles_ends_the_run_and_not_the_task(workshop: Start, kill_at: Any) -> None:
    world, shop = World(), workshop(PLAN, work)
    world.kill_in = "note"
    kill_at(world, 1_000, False)
    options: dict[str, Any] = {"journal_folder": shop.journals, "settings": RuntimeSettings(max_concurrency=1)}
    with pytest.raises(KilledError):
        shop.run(world.tools, approve=world.approve, **options)
    world.is_dead, world.kill_in = False, ""
    for _ in range(2):
        result = shop.resume(world.tools, **options)
        assert result.failure is not None
        assert (result.failure.code, result.failure.origin, world.notes) == ("unsettled", Origin.TOOL, ["first"])
        assert "'note' (t-1/a#1) was begun before the task was interrupted" in result.failure.text
        assert [plan.last_steps for plan in result.plans] == [("a", "b")], "nobody plans around it"
        assert shop.script.turns_of("b") == [], "nothing more is started"
    result = shop.resume(world.tools, approve=world.approve, **options)
    assert (result.answer, world.notes) == ("the answer", ["first", "second"])


def test_a_task_that_has_ended_is_told_again_and_nothing_is_done(workshop: Start) -> None:
    world, shop = World(), workshop(PLAN, work)
    result = shop.run(world.tools, approve=world.approve, journal_folder=shop.journals)
    n_calls = len(shop.script.bodies)
    again = shop.resume(world.tools, approve=world.approve, journal_folder=shop.journals)
    assert (len(shop.script.bodies), world.notes) == (n_calls, ["first", "second"])
    assert again.answer == result.answer
    assert again.cost_usd == pytest.approx(result.cost_usd)
    assert {trace.step_id: trace for trace in again.steps} == {trace.step_id: trace for trace in result.steps}


def test_repairs_are_part_of_the_task(workshop: Start, kill_at: Any) -> None:
    """A step that failed stays failed, and its repair is not asked for twice."""
    plans = [plan_of(entry("a"), entry("b")), plan_of(entry("a2"))]
    world = World()

    def verifier_for(step: Any) -> FunctionVerifier:
        return FunctionVerifier(lambda _: step.step_id != "a", "not a")

    shop = workshop(plans)
    kill_at(world, 6, False)
    with pytest.raises(KilledError):
        shop.run(verifier_for=verifier_for, journal_folder=shop.journals)
    kill_at(World(), 1_000, False)
    result = shop.resume(verifier_for=verifier_for, journal_folder=shop.journals)
    assert (result.answer, len(result.plans)) == ("the answer", 2)
    assert len(shop.script.prompts("A plan has failed")) == 1
    assert len(shop.script.prompts("Plan how")) == 1


@pytest.mark.slow
def test_money_that_was_spent_stays_spent(workshop: Start, kill_at: Any) -> None:
    world, shop = World(), workshop(PLAN, work)
    settings = RuntimeSettings(max_plan_tokens=500)
    kill_at(world, 8, False)
    with pytest.raises(KilledError):
        shop.run(world.tools, settings=settings, budget_usd=0.05, approve=world.approve, journal_folder=shop.journals)
    kill_at(World(), 1_000, False)
    world.is_dead = False
    options: dict[str, Any] = {"settings": settings, "approve": world.approve, "journal_folder": shop.journals}
    result = shop.resume(world.tools, **options, budget_usd=0.001)
    assert result.failure is not None
    assert result.failure.code == "budget"
    result = shop.resume(world.tools, **options)
    assert (result.answer, world.notes) == ("the answer", ["first", "second"])
    assert result.cost_usd <= 0.05
    records = [json.loads(line) for line in (shop.journals / "t-1.jsonl").read_text().splitlines()]
    assert records[-1]["progress"]["spent_usd"] == pytest.approx(result.cost_usd)


def test_a_deadline_counts_the_time_in_which_the_task_ran(workshop: Start) -> None:
    seconds = [0.0]

    def work_slowly(*_: object) -> str:
        seconds[0] += 70
        return "done"

    shop = workshop(plan_of(entry("a"), entry("b", depends_on=["a"])), work_slowly)
    options: dict[str, Any] = {"journal_folder": shop.journals, "clock": lambda: seconds[0]}
    result = shop.run(**options, deadline_seconds=100)
    assert (result.failure and result.failure.code, seconds) == ("deadline", [140])
    assert shop.resume(**options).failure == result.failure, "no second is left of the old deadline"
    assert shop.resume(**options, deadline_seconds=600).answer == "the answer"


@pytest.mark.slow
def test_a_cancelled_task_leaves_a_journal_that_goes_on(workshop: Start) -> None:
    """In the middle of a write, which has taken effect."""
    world, shop = World(), workshop(PLAN, work)
    note, is_noted = world.note, asyncio.Event()

    async def note_and_wait(text: str) -> str:
        note(text)
        is_noted.set()
        return await asyncio.Event().wait() or "noted"

    tools = [tool for tool in world.tools if tool.name != "note"]
    waiting = [*tools, function_tool(note_and_wait, "writes", name="note")]

    async def cancelled() -> None:
        async with shop.runtime(waiting, approve=world.approve, journal_folder=shop.journals) as runtime:
            running = asyncio.create_task(runtime.run("Reach the goal.", task_id="t-1"))
            await is_noted.wait()
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running

    asyncio.run(cancelled())
    result = shop.resume(world.tools, approve=world.approve, journal_folder=shop.journals)
    assert (result.answer, world.notes) == ("the answer", ["first", "second"])
    assert {trace.step_id for trace in result.steps} == shop.logged().keys()


def test_a_task_is_begun_once_and_resumed_where_it_is(workshop: Start) -> None:
    shop = workshop(plan_of(entry("a")))
    with pytest.raises(JournalError, match="there is no task 't-1' in"):
        shop.resume(journal_folder=shop.journals)
    with pytest.raises(TierwiseError, match="this runtime keeps no journal"):
        shop.resume()
    shop.run(journal_folder=shop.journals)
    with pytest.raises(JournalError, match=r"the task 't-1' was begun before; resume it, or move .* away"):
        shop.run(journal_folder=shop.journals)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "cannot be resumed: IndexError"),
        ("hello\n", r"t-1.jsonl:1 is no record"),
        ('{"record": "task"}\n', "cannot be resumed: ValidationError"),
        ('{"record": "task", "task_id": "t-1", "goal": "g", "format": 2}\n', "has format 2; this version reads 1"),
        ('{"record": "task", "task_id": "t-1", "goal": "g"}\n{"record": "step"}\n', "cannot be resumed: KeyError"),
    ],
)
def test_what_is_no_journal_is_refused_in_one_line(content: str, message: str, workshop: Start) -> None:
    shop = workshop(plan_of(entry("a")))
    shop.journals.mkdir()
    (shop.journals / "t-1.jsonl").write_text(content)
    for _ in range(2):
        with pytest.raises(JournalError, match=message):
            shop.resume(journal_folder=shop.journals)


def test_a_resumed_task_needs_the_tools_of_its_plan(workshop: Start) -> None:
    world, shop = World(), workshop(PLAN, work)
    shop.run(world.tools, approve=world.approve, journal_folder=shop.journals)
    with pytest.raises(TierwiseError, match="step 'a' asks for the tool 'look'; there are no tools"):
        shop.resume(journal_folder=shop.journals)
