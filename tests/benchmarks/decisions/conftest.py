"""A small log with a known truth, as a problem of the benchmark."""

import pytest

from benchmarks.decisions.problem import Problem
from tierwise.data.catalogue import TierCatalogue
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.synthetic.worlds import World

WORLD_LOG = World(seed=3, signal=2.5, group_size=2).draw(400, "full", seed=1)


@pytest.fixture(scope="session")
def problem(catalogue: TierCatalogue) -> Problem:
    """400 steps in groups of two, every tier known."""
    return Problem.of("world", WORLD_LOG.logged_steps(catalogue.names), catalogue)


@pytest.fixture(scope="session")
def truth(problem: Problem) -> Forecast:
    """What the world knows of each step of ``problem``."""
    rows = [int(logged.step_id.removeprefix("world-")) for logged in problem.steps]
    return Forecast(WORLD_LOG.steps.p_success[rows], WORLD_LOG.steps.expected_cost_usd[rows])
