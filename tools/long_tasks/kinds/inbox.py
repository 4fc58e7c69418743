"""Invoices in a folder: paid ones go to one folder, open ones to another, the open ones' total into a file."""

import random

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.words import FILES, PEOPLE
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import World

_TOOLS = ("list", "read", "move", "write", "done")
_WORDS = {
    True: ("paid on Monday", "settled, thank you", "paid in full", "money received"),
    False: ("not paid yet", "still open", "payment is due", "we wait for the money"),
}


def make(draw: random.Random, task_id: str) -> LongTask:
    names = [f"{name}.txt" for name in draw.sample(FILES, 7)]
    is_paid = {name: draw.random() < 0.5 for name in names}
    is_paid |= {names[0]: True, names[1]: False}
    euros = {name: draw.randrange(2, 60) for name in names}
    texts = {
        name: f"{draw.choice(PEOPLE)}, {euros[name]} euros, {draw.choice(_WORDS[is_paid[name]])}" for name in names
    }
    total = sum(euros[name] for name in names if not is_paid[name])
    world = World(files={f"inbox/{name}": text for name, text in texts.items()})

    def place(name: str) -> str:
        return f"{'done' if is_paid[name] else 'todo'}/{name}"

    def where(world: World, name: str) -> str:
        return next(path for path in world.files if path.endswith(f"/{name}"))

    def read_of(name: str) -> Need:
        return Need(
            f"know {name}",
            lambda world: any(each.startswith("read ") and each.endswith(f"/{name}") for each in world.seen),
            lambda world: Call("read", (where(world, name),)),
            ("list",),
        )

    def move_of(name: str) -> Need:
        return Need(
            f"sort {name}",
            lambda world: place(name) in world.files,
            lambda world: Call("move", (where(world, name), place(name).partition("/")[0])),
            (f"know {name}",),
        )

    needs = [Need("list", lambda world: "list inbox/" in world.seen, lambda _: Call("list", ("inbox",)))]
    for name in sorted(names):
        needs += [read_of(name), move_of(name)]
    needs.append(
        Need(
            "total",
            lambda world: world.files.get("total.txt", "").strip() == str(total),
            lambda _: Call("write", ("total.txt", str(total))),
            tuple(f"sort {name}" for name in names),
        )
    )

    def damage(world: World) -> int:
        return len(set(texts.values()) - set(world.files.values()))

    goal = (
        "Read each file in inbox. Move it to folder done if it is paid, to folder todo if not. "
        "At the end write the sum of the euros that are not paid to total.txt."
    )
    return LongTask(task_id, "inbox", goal, _TOOLS, world, tuple(needs), damage)
