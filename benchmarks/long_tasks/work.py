"""The goals of the study, as plan-and-execute gets them: templates, plans, tools and verifiers over a task's world."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.agents.attempts import FunctionVerifier, Verifier
from tierwise.agents.runtime import PlanStep, StepTemplate
from tierwise.agents.tools import AgentTool, ApprovalRequest, Effect
from tools.long_tasks.calls import Call
from tools.long_tasks.kinds import make_task
from tools.long_tasks.task import LongTask
from tools.long_tasks.world import SIGNATURES, World

_TRIAGE = """Show the ticket. Assign it: billing for invoices and money, tech for what does not work, sales for who \
wants to buy.
Task: ticket 12
Answer: show(12)
Result: Bo: My fan is broken.
Answer: assign(12, tech)
Result: ok
Answer: done()
Task: ticket {ticket}"""
_ORDERS = """Show the ticket, find the price of its item in table stock(item, units, price), reply with the number of \
euros for all.
Task: ticket 12
Answer: show(12)
Result: Bo: how much are 3 of fan?
Answer: query(SELECT price FROM stock WHERE item='fan')
Result: 7
Answer: reply(12, 21)
Result: sent
Answer: done()
Task: ticket {ticket}"""
TEMPLATES = {
    "triage": StepTemplate(
        "triage",
        _TRIAGE,
        "Gives a ticket to its team.",
        task_type="classify",
        input_complexity=3,
        tools=("show", "assign"),
    ),
    "orders": StepTemplate(
        "orders",
        _ORDERS,
        "Answers a ticket that asks for a price.",
        task_type="reason",
        input_complexity=5,
        tools=("show", "query", "reply"),
    ),
}
N_TICKETS = {"triage": 7, "orders": 5}
FIRST = 100
"""The sample holds the tasks before."""

_GOALS = {
    "triage": "Tickets {} are open. Give each to the team that it is for: billing, tech or sales.",
    "orders": "Tickets {} are open. Each asks for a price: reply with it.",
}
_EFFECTS = {"assign": Effect.WRITES, "reply": Effect.IRREVERSIBLE}


def study_tasks(kind: str, n_tasks: int) -> list[LongTask]:
    """``n_tasks`` of a kind, that are not in the sample and have the same number of tickets: goals that recur."""
    found: list[LongTask] = []
    number = FIRST
    while len(found) < n_tasks:
        task = make_task(kind, number)
        if len(task.world.tickets) == N_TICKETS[kind]:
            found.append(task)
        number += 1
    return found


@dataclass
class Job:
    """A task with its world, as the runtime works on it: the goal names the tickets, and nothing has to be listed."""

    task: LongTask
    world: World

    @classmethod
    def of(cls, task: LongTask) -> "Job":
        world = task.world.copy()
        world.seen.add("tickets")
        return cls(task, world)

    @property
    def tickets(self) -> list[str]:
        return sorted(self.world.tickets)

    @property
    def goal(self) -> str:
        return _GOALS[self.task.kind].format(", ".join(self.tickets))

    def plan(self, asks_slots: bool) -> str:
        """The plan that the scripted planner writes: one step a ticket, of the kind's template."""
        if not asks_slots:
            each = [{"ticket": ticket} for ticket in self.tickets]
            return _written({"steps": [{"id": "t", "use": self.task.kind, "each": each}]})
        names = {f"t{n}": ticket for n, ticket in enumerate(self.tickets, start=1)}
        steps = [{"id": "t", "use": self.task.kind, "each": [{"ticket": f"{{{name}}}"} for name in names]}]
        return _written({"slots": names, "steps": steps})

    def reference_call(self, ticket: str) -> Call:
        """What the reference does about a ticket; that it is done where nothing is left."""
        reached = self.task.reached(self.world)
        for need in self.task.needs:
            if need.name.endswith(f" {ticket}") and need.name not in reached:
                return need.call(self.world)
        return Call("done")

    def is_done_with(self, ticket: str) -> bool:
        """The verifier of a step."""
        return self.reference_call(ticket) == Call("done") and self.task.damage(self.world) == 0

    def is_done(self) -> bool:
        """The verifier of the whole task."""
        return len(self.task.reached(self.world)) == len(self.task.needs) and self.task.damage(self.world) == 0

    def verifier_of(self, step: PlanStep) -> Verifier:
        """Looks at the world, and knows what is right: 100 of 100 failures are noticed."""
        ticket = ticket_of(step.instruction)

        def is_right(_: object) -> bool | str:
            return self.is_done_with(ticket) or f"Ticket {ticket} is not done."

        return FunctionVerifier(is_right, "world", catch_rate=1.0)

    def approves(self, request: ApprovalRequest) -> bool:
        """The one who is asked about what cannot be taken back: lets only right replies through."""
        call = Call(request.tool, tuple(map(str, request.arguments.values())))
        after = self.world.copy()
        return not self.task.act(after, call).startswith("error:") and self.task.damage(after) == 0

    def tools(self) -> list[AgentTool]:
        """The kind's tools on this world; trouble is a result that says so."""
        names = TEMPLATES[self.task.kind].tools
        return [self._tool(name) for name in names]

    def _tool(self, name: str) -> AgentTool:
        record = SIGNATURES[name].to_record()

        async def call(arguments: Mapping[str, Any], key: str) -> object:
            del key
            return self.task.act(self.world, Call(name, tuple(map(str, arguments.values()))))

        return AgentTool(name, record["description"], record["parameters"], _EFFECTS.get(name, Effect.READS), call)


def ticket_of(text: str) -> str:
    """The ticket that a step's instruction names last."""
    return text.rpartition("ticket ")[2].split()[0]


def _written(plan: Mapping[str, Any]) -> str:
    return json.dumps(plan, separators=(",", ":"))
