"""Tickets that ask for a price: what is wanted stands in the ticket, the price of one in the table, and the reply says
what all cost."""

import random

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.tickets import queue_needs
from tools.long_tasks.kinds.words import ITEMS, PEOPLE
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import Ticket, World

_TOOLS = ("tickets", "show", "query", "reply", "done")


def make(draw: random.Random, task_id: str) -> LongTask:
    numbers = [str(number) for number in sorted(draw.sample(range(11, 99), draw.choice((5, 5, 6))))]
    items = dict(zip(numbers, draw.sample(ITEMS, len(numbers)), strict=True))
    counts = {number: draw.randrange(2, 9) for number in numbers}
    rows = {item: (draw.randrange(40), draw.randrange(2, 13)) for item in ITEMS}
    tickets = {
        number: Ticket(f"{draw.choice(PEOPLE)}: how much are {counts[number]} of {items[number]}?")
        for number in numbers
    }
    wanted = {number: str(counts[number] * rows[items[number]][1]) for number in numbers}

    def needs_of(number: str) -> list[Need]:
        item = items[number]
        return [
            Need(
                f"price {number}",
                lambda world: f"price {item}" in world.seen,
                lambda _: Call("query", (f"SELECT price FROM stock WHERE item='{item}'",)),
                (f"know {number}",),
            ),
            Need(
                f"reply {number}",
                lambda world: world.tickets[number].reply != "",
                lambda _: Call("reply", (number, wanted[number])),
                (f"price {number}",),
            ),
        ]

    def says(reply: str, euros: str) -> bool:
        return reply.lower().replace("euros", "").replace("$", "").strip(" .") == euros

    def damage(world: World) -> int:
        replies = {number: ticket.reply for number, ticket in world.tickets.items() if ticket.reply}
        return sum(not says(reply, wanted[number]) for number, reply in replies.items())

    goal = (
        "Show each open ticket, find the price of its item in table stock(item, units, price), "
        "and reply with the number of euros for all that is wanted, only the number."
    )
    world = World(rows=rows, tickets=tickets)
    return LongTask(task_id, "orders", goal, _TOOLS, world, queue_needs(numbers, needs_of), damage)
