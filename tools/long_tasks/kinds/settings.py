"""Files with settings that a check refuses: it tells one thing that is wrong at a time."""

import random

from tools.long_tasks.calls import Call
from tools.long_tasks.kinds.words import FILES
from tools.long_tasks.task import LongTask, Need
from tools.long_tasks.world import World, settings_of

_TOOLS = ("read", "check", "set", "done")
_KEYS = ("port", "host", "mode", "limit", "level", "cache", "retries", "region")
_VALUES = ("on", "off", "fast", "safe", "8080", "30", "debug", "north")


def make(draw: random.Random, task_id: str) -> LongTask:
    paths = [f"{name}.cfg" for name in draw.sample(FILES, 3)]
    n_wrong = draw.choice((7, 7, 8))
    places = draw.sample([(path, key) for path in paths for key in _KEYS[:5]], n_wrong)
    wanted = {place: draw.choice(_VALUES) for place in places}
    texts = {
        path: "\n".join(
            f"{key}={draw.choice([value for value in _VALUES if value != wanted.get((path, key))])}"
            for key in _KEYS[:5]
        )
        for path in paths
    }
    start = {path: settings_of(text) for path, text in texts.items()}

    def needs_of(place: tuple[str, str], before: str) -> list[Need]:
        path, key = place
        told = Need(
            f"told {path} {key}",
            lambda world: f"check {path} {key}" in world.seen,
            lambda _: Call("check"),
            (before,) if before else (),
        )
        right = Need(
            f"right {path} {key}",
            lambda world: settings_of(world.files[path])[key] == wanted[place],
            lambda _: Call("set", (path, key, wanted[place])),
            (told.name,),
        )
        return [told, right]

    needs: list[Need] = []
    for place in wanted:
        needs += needs_of(place, needs[-1].name if needs else "")
    for path in paths:
        needs.append(_unspoiled(path, start[path], wanted))
    rights = tuple(need.name for need in needs if need.name.startswith(("right", "kept")))
    needs.append(Need("passed", lambda world: "check passed" in world.seen, lambda _: Call("check"), rights))
    goal = "Run check. Set what it tells you in the file that it names, then check again, until all settings passed."
    world = World(files=texts, wanted=wanted)
    return LongTask(task_id, "settings", goal, _TOOLS, world, tuple(needs), lambda _: 0)


def _unspoiled(path: str, start: dict[str, str], wanted: dict[tuple[str, str], str]) -> Need:
    """Settings that were right must still be as they were; one that was spoiled is set back."""
    own = {key: value for key, value in start.items() if (path, key) not in wanted}

    def spoiled(world: World) -> list[str]:
        found = settings_of(world.files[path])
        return [key for key, value in own.items() if found.get(key) != value]

    return Need(
        f"kept {path}",
        lambda world: not spoiled(world),
        lambda world: Call("set", (path, spoiled(world)[0], own[spoiled(world)[0]])),
    )
