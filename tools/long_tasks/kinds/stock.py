"""A table of stock: what is short is ordered, up to a number of units."""

import random

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.words import ITEMS
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import World

_TOOLS = ("read", "query", "order", "done")


def make(draw: random.Random, task_id: str) -> LongTask:
    items = draw.sample(ITEMS, draw.choice((8, 9)))
    level = draw.choice((10, 12, 20, 25))
    units = {item: draw.randrange(level) if draw.random() < 0.65 else level + draw.randrange(9) for item in items}
    for item in items[:5]:
        units[item] = draw.randrange(level)
    draw.shuffle(items)
    others = [item for item in ITEMS if item not in items]
    rows = {item: (units.get(item, draw.randrange(40)), draw.randrange(2, 30)) for item in [*items, *others]}
    short = {item: level - units[item] for item in items if units[item] < level}
    world = World(files={"list.txt": " ".join(items)}, rows=rows)

    def needs_of(item: str) -> list[Need]:
        know = Need(
            f"know {item}",
            lambda world: f"units {item}" in world.seen,
            lambda _: Call("query", (f"SELECT units FROM stock WHERE item='{item}'",)),
            ("list",),
        )
        order = Need(
            f"order {item}",
            lambda world: any(each == item for each, _ in world.orders),
            lambda _: Call("order", (item, str(short[item]))),
            (f"know {item}",),
        )
        return [know, order] if item in short else [know]

    needs = [Need("list", lambda world: "read list.txt" in world.seen, lambda _: Call("read", ("list.txt",)))]
    for item in items:
        needs += needs_of(item)

    def damage(world: World) -> int:
        right = {order for order in world.orders if short.get(order[0]) == order[1]}
        return len(world.orders) - len(right)

    goal = (
        "list.txt names items. Find the units of each in table stock(item, units, price). "
        f"If there are fewer than {level}, order what is missing to {level}."
    )
    return LongTask(task_id, "stock", goal, _TOOLS, world, tuple(needs), damage)
