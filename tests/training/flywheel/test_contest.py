"""The contest finds the true difference of two routers, looked up or off-policy, inside its own intervals."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Decision, LoggedStep, Reason
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.synthetic.worlds import World
from tierwise.training.flywheel.contest import hold_contest

WORLD = World(seed=2)
BOOTSTRAP = Bootstrap(n_draws=200)


def constant(tier: str, n_steps: int) -> list[Decision]:
    return [Decision(tier, "constant", tier, Reason("", ""))] * n_steps


def a_log(logging: str, n_steps: int, seed: int) -> list[LoggedStep]:
    steps = WORLD.draw(n_steps, logging, seed=seed, exploration=0.5).logged_steps()  # type: ignore[arg-type]
    return [replace(step, group=None, task_id=step.step_id) for step in steps]


def true_difference(challenger: int, incumbent: int) -> float:
    values = [WORLD.true_value(lambda steps, t=t: np.eye(3)[np.full(len(steps), t)]) for t in (challenger, incumbent)]
    return values[0].success - values[1].success


@pytest.mark.slow
@pytest.mark.parametrize(("logging", "method"), [("full", "full information"), ("heuristic", "off-policy")])
def test_the_truth_lies_in_the_interval(catalogue: TierCatalogue, logging: str, method: str) -> None:
    truth = true_difference(1, 2)
    hits = 0
    for seed in range(12):
        steps = a_log(logging, 600, seed)
        found = hold_contest(steps, catalogue, constant("mid", 600), constant("frontier", 600), BOOTSTRAP)
        assert not isinstance(found, Refusal)
        assert found.method == method
        assert found.relative_cost.high < -0.5
        hits += found.success.low <= truth <= found.success.high
    assert hits >= 10


@pytest.mark.slow
def test_the_same_router_differs_in_nothing(catalogue: TierCatalogue) -> None:
    steps = a_log("heuristic", 400, 0)
    found = hold_contest(steps, catalogue, constant("mid", 400), constant("mid", 400), BOOTSTRAP)
    assert not isinstance(found, Refusal)
    assert (found.success.value, found.success.low, found.success.high) == (0.0, 0.0, 0.0)


def test_a_log_that_never_tried_a_tier_is_refused(catalogue: TierCatalogue) -> None:
    steps = [step for step in a_log("heuristic", 600, 0) if step.attempts[0].tier != "small"]
    n_steps = len(steps)
    found = hold_contest(steps, catalogue, constant("small", n_steps), constant("mid", n_steps), BOOTSTRAP)
    assert isinstance(found, Refusal)
    assert "what the challenger would have done" in found.reason


def test_a_log_without_a_single_cost_is_refused_with_what_to_report(catalogue: TierCatalogue) -> None:
    steps = [
        replace(step, attempts=tuple(replace(attempt, cost_usd=None) for attempt in step.attempts))
        for step in a_log("heuristic", 300, 0)
    ]
    found = hold_contest(steps, catalogue, constant("mid", 300), constant("mid", 300), BOOTSTRAP)
    assert isinstance(found, Refusal)
    assert "report cost_usd, or tokens with prices in tiers.toml" in found.reason
