"""A task: a goal in a world, and what has to become true, in any order that makes sense."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.long_tasks.calls import Call
from tools.long_tasks.world import World

Holds = Callable[[World], bool]
Damage = Callable[[World], int]
NextCall = Callable[[World], Call]

MAX_EARLY = 4


@dataclass(frozen=True, slots=True)
class Need:
    """Something that must be so at the end; ``after`` are the needs that come first (what has to be known to do it)."""

    name: str
    holds: Holds
    call: NextCall
    after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LongTask:
    """``needs`` in the order in which the reference goes through them, each after those that it waits for. ``damage``
    counts what was spoiled and cannot be put right: from the first on the task can only fail."""

    task_id: str
    kind: str
    goal: str
    tools: tuple[str, ...]
    world: World
    needs: tuple[Need, ...]
    damage: Damage

    def reached(self, world: World) -> frozenset[str]:
        """Names of the needs that hold, with all that they wait for."""
        found: set[str] = set()
        for need in self.needs:
            if found.issuperset(need.after) and need.holds(world):
                found.add(need.name)
        return frozenset(found)

    def reference_call(self, world: World) -> Call:
        """The call of an agent that knows everything: for the first need that is open. Then it says that it is done."""
        reached = self.reached(world)
        for need in self.needs:
            if need.name not in reached and reached.issuperset(need.after):
                return need.call(world)
        return Call("done")

    def act(self, world: World, call: Call) -> str:
        """Makes a call. The end that is told too early is refused, ``MAX_EARLY`` times; the next one ends the task."""
        is_early = call == Call("done") and len(self.reached(world)) < len(self.needs)
        if is_early and world.n_early < MAX_EARLY:
            world.n_early += 1
            return "error: the task is not done yet"
        return world.run(call, self.tools)

    def makes_progress(self, world: World, call: Call | None) -> bool:
        """The verifier of a step: whether the call, made on a copy of the world, brings the task nearer to its end and
        spoils nothing."""
        if call is None:
            return False
        after = world.copy()
        if self.act(after, call).startswith("error:") or self.damage(after) > self.damage(world):
            return False
        before = self.reached(world)
        if after.is_over:
            return len(before) == len(self.needs)
        return before < self.reached(after)

    def is_done(self, world: World) -> bool:
        """The verifier of the whole task."""
        return world.is_over and self.damage(world) == 0 and len(self.reached(world)) == len(self.needs)
