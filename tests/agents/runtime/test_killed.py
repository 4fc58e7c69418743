"""A process that runs a task is killed for real, and another one ends it."""

import asyncio
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Answer, Reply, Stub
from tests.agents.runtime.forty_calls import N_STEPS, PLAN, World, carry_out, work
from tests.agents.runtime.script import Script

ROOT = Path(__file__).parents[3]
ITEMS = sorted(f"s{i}" for i in range(N_STEPS))
WORLD = (ITEMS, ITEMS)


class Models:
    """The scripted models; ``reached`` is set when they are asked for the ``n_until``-th time."""

    def __init__(self) -> None:
        self.script = Script([PLAN], work)
        self.reached = threading.Event()
        self.n_until = 0

    def __call__(self, path: str, body: Any) -> Reply:
        reply = self.script(path, body)
        if self.n_until and len(self.script.bodies) >= self.n_until:
            self.reached.set()
        return reply


def killed(folder: Path, address: str, models: Models, n_calls: int, pause_seconds: float, mode: str) -> None:
    """Runs the task in a process of its own, and kills it some time after so many calls."""
    models.script.bodies.clear()
    models.reached.clear()
    models.n_until = n_calls
    command = [sys.executable, "-m", "tests.agents.runtime.forty_calls", str(folder), address, mode]
    child = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL)
    try:
        while not models.reached.wait(0.05) and child.poll() is None:
            continue
        time.sleep(pause_seconds)
    finally:
        child.kill()
        child.wait()


@pytest.mark.slow
def test_undisturbed_the_task_makes_forty_one_calls(stub: Callable[[Answer], Stub], tmp_path: Path) -> None:
    models = Models()
    assert asyncio.run(carry_out(tmp_path, stub(models).address, False)) == "the answer"
    assert (World(tmp_path / "world").state(), len(models.script.bodies)) == (WORLD, 41)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "n_kills"),
    [(0, 1), (1, 30)],
)
def test_killed_at_random_the_task_ends_as_if_it_had_not_been(
    seed: int, n_kills: int, stub: Callable[[Answer], Stub], tmp_path: Path
) -> None:
    """A third of the tasks are killed again while they are resumed. No write is done twice, none is left out."""
    draw, models = random.Random(seed), Models()
    address = stub(models).address
    n_killed = 0
    while n_killed < n_kills:
        folder = tmp_path / str(n_killed)
        folder.mkdir()
        killed(folder, address, models, draw.randint(1, 39), draw.uniform(0, 0.05), "run")
        n_killed += 1
        if draw.random() < 0.33 and n_killed < n_kills:
            killed(folder, address, models, 1, draw.uniform(0, 0.1), "resume")
            n_killed += 1
        models.script.bodies.clear()
        assert asyncio.run(carry_out(folder, address, True)) == "the answer"
        assert World(folder / "world").state() == WORLD
        assert len(models.script.bodies) <= 41
