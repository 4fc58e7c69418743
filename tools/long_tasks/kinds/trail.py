"""A trail of files, each naming the next; some lead nowhere and say where to go back to. What is found on the way is
kept, and the code at the end is written down."""

import random
from itertools import pairwise

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.words import FILES
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import World

_TOOLS = ("list", "read", "write", "done")


def make(draw: random.Random, task_id: str) -> LongTask:
    names = [f"{name}.txt" for name in draw.sample(FILES, 14)]
    trail, dead = names[:13], names[13:]
    coins = {name: draw.randrange(1, 9) for name in trail}
    texts: dict[str, str] = {}
    for name, following in pairwise(trail):
        texts[name] = draw.choice(("{coins} coins. Go on in {next}", "Take {coins} coins, then read {next}")).format(
            coins=coins[name], next=following
        )
    for fork in draw.sample(trail[2:-2], len(dead)):
        lost = dead[len([name for name in dead if name in texts])]
        following = trail[trail.index(fork) + 1]
        texts[fork] = f"{coins[fork]} coins. Go on in {following}, not in {lost}"
        texts[lost] = "Nothing here, go back"
    code = f"{draw.choice('KLMNP')}{draw.randrange(100, 999)}"
    texts[trail[-1]] = f"{coins[trail[-1]]} coins. The end. The code is {code}"
    total = sum(coins.values())

    def needs_of(name: str, before: str) -> Need:
        return Need(
            f"know {name}",
            lambda world: f"read {name}" in world.seen,
            lambda _: Call("read", (name,)),
            (before,) if before else (),
        )

    needs: list[Need] = []
    for name in trail:
        needs.append(needs_of(name, needs[-1].name if needs else ""))
    end = needs[-1].name
    for path, value in (("code.txt", code), ("coins.txt", str(total))):
        needs.append(_written(path, value, end))
    names_of_trail = set(texts)

    def damage(world: World) -> int:
        return sum(world.files.get(name) != texts[name] for name in names_of_trail)

    goal = (
        f"Follow the trail of files from {trail[0]}: each says where to go on. At the end write the code to code.txt "
        "and the sum of all coins to coins.txt."
    )
    return LongTask(task_id, "trail", goal, _TOOLS, World(files=texts), tuple(needs), damage)


def _written(path: str, value: str, after: str) -> Need:
    return Need(
        f"write {path}",
        lambda world: world.files.get(path, "").strip(" .") == value,
        lambda _: Call("write", (path, value)),
        (after,),
    )
