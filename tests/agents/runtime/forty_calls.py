"""A task of 41 model calls in a world of files, as a program that may be killed: run, or resumed, with its models at an
address."""

import asyncio
import os
import sys
from pathlib import Path

from tests.agents.runtime.script import QUICK, Messages, Turn, entry, plan_of
from tierwise.agents.attempts import AttemptLoop
from tierwise.agents.client import AsyncLocalClient
from tierwise.agents.runtime import Runtime, RuntimeSettings
from tierwise.agents.tools import Approval, ApprovalRequest, Occasion, function_tool
from tierwise.agents.upstreams import Upstreams
from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.rules import RulesRouter

N_STEPS = 13
TOOLS = ("stock", "book", "note")
PLAN = plan_of(*(entry(f"s{i}", *TOOLS, depends_on=[f"s{i - 3}"] if i > 2 else []) for i in range(N_STEPS)))


def work(step: str, n_turn: int, _: Messages) -> Turn:
    """Looks, writes twice, says so."""
    if n_turn == 0:
        return [("stock", {"item": step})]
    return [("book", {"item": step}), ("note", {"item": step})] if n_turn == 1 else f"{step} is booked"


class World:
    """Bookings know their key, notes do not. Both last once they are made."""

    def __init__(self, folder: Path) -> None:
        self._notes = folder / "notes.txt"
        self._bookings = folder / "bookings"
        self._bookings.mkdir(parents=True, exist_ok=True)
        self._notes.touch()

    def stock(self, item: str) -> int:
        """How many there are."""
        return len(item)

    def book(self, item: str, idempotency_key: str) -> str:
        """Books an item."""
        place = self._bookings / idempotency_key
        if not place.exists():
            (self._bookings / f"{idempotency_key}.new").write_text(item)
            os.replace(self._bookings / f"{idempotency_key}.new", place)
        return "booked"

    def note(self, item: str) -> str:
        """Writes a line."""
        with self._notes.open("a") as notes:
            notes.write(f"{item}\n")
        return "noted"

    def state(self) -> tuple[list[str], list[str]]:
        """The notes and the bookings, sorted: steps run side by side."""
        bookings = [place.read_text() for place in self._bookings.iterdir() if place.suffix != ".new"]
        return sorted(self._notes.read_text().split()), sorted(bookings)

    def approve(self, request: ApprovalRequest) -> Approval:
        """Looks whether an interrupted note was taken."""
        is_done = str(request.arguments["item"]) in self._notes.read_text().split()
        return Approval.DONE if request.occasion is Occasion.INTERRUPTED and is_done else Approval.CALL


async def carry_out(folder: Path, address: str, is_resumed: bool) -> str:
    """What came of the task: its answer, or why there is none."""
    model = {"base_url": f"{address}/v1", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    tiers = TierCatalogue.from_mapping({"tiers": [{"name": n, "models": [{"name": n, **model}]} for n in ("a", "b")]})
    world = World(folder / "world")
    tools = [function_tool(world.stock, "reads"), *(function_tool(t, "writes") for t in (world.book, world.note))]
    client = AsyncLocalClient(RulesRouter(tiers), log_url=f"sqlite:///{folder}/log.db")
    async with client, Upstreams(tiers) as upstreams:
        runtime = Runtime(
            AttemptLoop(client, upstreams, QUICK),
            RuntimeSettings(max_concurrency=3),
            tools=tools,
            approve=world.approve,
            journal_folder=folder / "tasks",
        )
        result = await (runtime.resume("t-1") if is_resumed else runtime.run("Book all.", task_id="t-1"))
    return result.answer or str(result.failure)


if __name__ == "__main__":
    print(asyncio.run(carry_out(Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "resume")))
