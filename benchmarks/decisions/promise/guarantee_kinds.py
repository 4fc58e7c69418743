"""The kinds of world and log that the promise is measured in: what is in them, and how they are drawn.

Every seed draws a world of its own: how far apart the tiers are, how much the features tell, how many task types.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tierwise.data.records import LoggedStep
from tierwise.training.evaluation.synthetic import task_logs
from tierwise.training.evaluation.synthetic.task_logs import Logging, task_log
from tierwise.training.evaluation.synthetic.task_worlds import TaskWorld
from tierwise.training.evaluation.synthetic.worlds import World

P_TASK_FAILS = 0.07
_BAD = -3.0
"""Logits: a tier that succeeds on half of the steps then does on one in twenty."""


@dataclass(frozen=True, slots=True)
class Kind:
    """``is_full``: every tier was tried on every step, so that saving can be asked for as well."""

    name: str
    about: str
    world: Callable[[int, np.random.Generator], TaskWorld]
    logging: Callable[[np.random.Generator], Logging]
    n_steps: int = 1500
    is_full: bool = False

    def draw_world(self, seed: int) -> TaskWorld:
        """The world of a seed."""
        return self.world(seed, np.random.default_rng([seed, 77]))

    def draw_log(self, world: TaskWorld, tier_names: tuple[str, ...], n_steps: int = 0) -> list[LoggedStep]:
        """What was logged in that world; ``n_steps`` 0 for as many as the kind has."""
        seed = world.world.seed
        logging = self.logging(np.random.default_rng([seed, 78]))
        return task_log(world.draw(n_steps or self.n_steps, seed=1), logging, tier_names, seed)


def _heart(seed: int, rng: np.random.Generator, inverted_share: float = 0.0, n_task_types: int = 0) -> World:
    return World(
        seed=seed,
        n_task_types=n_task_types or int(rng.integers(1, 4)),
        independence=float(rng.uniform(0, 0.4)),
        inverted_share=inverted_share,
        separation=float(rng.uniform(0.4, 1.5)),
        signal=float(rng.uniform(1.0, 3.0)),
    )


def _single(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(_heart(seed, rng))


def _half_hidden(seed: int, rng: np.random.Generator) -> TaskWorld:
    """Where the model cannot know a step's difficulty, evidence that leans on the model shows."""
    return TaskWorld(_heart(seed, rng), hidden_spread=1.0)


def _in_tasks(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(
        _heart(seed, rng),
        most_steps=int(rng.choice([2, 5, 10])),
        task_spread=float(rng.uniform(0.0, 1.0)),
        failing_share=P_TASK_FAILS * float(rng.integers(2)),
    )


def _large(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(_heart(seed, rng), most_steps=50, failing_share=P_TASK_FAILS)


def _pareto(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(
        _heart(seed, rng),
        sizes="pareto",
        most_steps=50,
        task_spread=float(rng.uniform(0.0, 1.0)),
        failing_share=P_TASK_FAILS,
        size_slope=0.3 * float(rng.integers(2)),
    )


def _dear(seed: int, rng: np.random.Generator) -> TaskWorld:
    share = float(rng.uniform(0.03, 0.1))
    rest = (1 - share) / 2
    return TaskWorld(_heart(seed, rng, n_task_types=3), type_shares=(share, rest, rest), dear_type=0)


def _weak(seed: int, rng: np.random.Generator) -> TaskWorld:
    world = World(
        seed=seed,
        n_task_types=int(rng.integers(1, 4)),
        independence=float(rng.uniform(0, 0.4)),
        separation=float(rng.uniform(0.1, 0.6)),
        signal=float(rng.uniform(0.1, 0.5)),
    )
    return TaskWorld(world, hidden_spread=float(rng.uniform(0.5, 2.0)))


def _drifting(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(
        _heart(seed, rng, n_task_types=3), most_steps=2, type_shares=(0.6, 0.3, 0.1), late_shares=(0.1, 0.3, 0.6)
    )


def _inverted(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(_heart(seed, rng, inverted_share=1 / 3, n_task_types=3))


def _bad_cheapest(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(_heart(seed, rng), tier_lift=(_BAD, 0.0, 0.0))


def _bad_below_top(seed: int, rng: np.random.Generator) -> TaskWorld:
    return TaskWorld(_heart(seed, rng), tier_lift=(_BAD, _BAD, 0.0))


def _always(logging: Logging) -> Callable[[np.random.Generator], Logging]:
    return lambda _: logging


def _mirrored(rng: np.random.Generator) -> Logging:
    return task_logs.mirrored(float(rng.uniform(0.05, 0.2)))


_FULL = _always(task_logs.full)
_ALL = (
    Kind("single steps", "a task is one step; every tier tried", _single, _FULL, is_full=True),
    Kind("tasks", "2, 5 or 10 steps; in half of the worlds 7 % of them fail", _in_tasks, _FULL, 2500, is_full=True),
    Kind("large tasks", "20 tasks of 50 steps, 7 % of them fail below the top", _large, _FULL, 1000, is_full=True),
    Kind("Pareto tasks", "Pareto(1.1) up to 50 steps, 7 % fail", _pareto, _FULL, 2500, is_full=True),
    Kind("dear part", "one type, 3 to 10 % of the steps, costs 100 times as much", _dear, _FULL, is_full=True),
    Kind("weak signal", "what decides success is mostly hidden", _weak, _FULL, is_full=True),
    Kind("drifting mix", "shares of task types turn round within the log", _drifting, _FULL, 2000, is_full=True),
    Kind("inverted tiers", "on one type of three the top tier is the worse", _inverted, _FULL, is_full=True),
    Kind("one attempt", "one tier a step, drawn", _single, _always(task_logs.one_attempt), 2500),
    Kind("top first", "top, or mid on a fifth; escalating", _half_hidden, _always(task_logs.top_first), 2500),
    Kind("small first", "small, or another on a fifth; escalating", _in_tasks, _always(task_logs.small_first), 2500),
    Kind("never reached", "top, or mid on a fifth; small is bad", _bad_cheapest, _always(task_logs.unreached), 2500),
    Kind("stand-ins", "one tier; a quarter fail over to another", _half_hidden, _always(task_logs.stand_in), 2500),
    Kind("rules", "the tier by complexity", _single, _always(task_logs.rules), 2000),
    Kind("explored rules", "the same, drawn on a fifth", _single, _always(task_logs.explored_rules), 2500),
    Kind("mirrored", "top; on 5 to 20 % of the steps all tiers", _single, _mirrored, 2500),
    Kind("top only", "top; the other tiers are bad", _bad_below_top, _always(task_logs.top_only)),
)
KINDS: dict[str, Kind] = {kind.name: kind for kind in _ALL}
