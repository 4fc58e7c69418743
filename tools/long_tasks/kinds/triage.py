"""A queue of tickets: each is read and given to the team that it is for."""

import random

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.tickets import queue_needs
from tools.long_tasks.kinds.words import ITEMS, PEOPLE
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import Ticket, World

_TOOLS = ("tickets", "show", "assign", "done")
_WORDS = {
    "billing": ("My invoice for the {item} is wrong.", "I paid twice for the {item}.", "When do I get my money back?"),
    "tech": ("My {item} does not start.", "The {item} shows an error.", "The app crashes when I log in."),
    "sales": ("How much are ten of the {item}?", "Do you have the {item} in red?", "I would like to buy a {item}."),
}


def make(draw: random.Random, task_id: str) -> LongTask:
    numbers = [str(number) for number in sorted(draw.sample(range(11, 99), draw.choice((7, 7, 8))))]
    teams = {number: draw.choice(tuple(_WORDS)) for number in numbers}
    tickets = {
        number: Ticket(f"{draw.choice(PEOPLE)}: {draw.choice(_WORDS[team]).format(item=draw.choice(ITEMS))}")
        for number, team in teams.items()
    }

    def needs_of(number: str) -> list[Need]:
        assign = Need(
            f"assign {number}",
            lambda world: world.tickets[number].team == teams[number],
            lambda _: Call("assign", (number, teams[number])),
            (f"know {number}",),
        )
        return [assign]

    goal = (
        "Show each open ticket and assign it: billing for invoices and money, tech for what does not work, "
        "sales for who wants to buy."
    )
    return LongTask(
        task_id, "triage", goal, _TOOLS, World(tickets=tickets), queue_needs(numbers, needs_of), lambda _: 0
    )
