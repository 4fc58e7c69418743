"""What a certification must not do: bet with hindsight, go on after a failure, or count steps that never move.

Small enough to be exact: a game is fair when its expected wealth over all outcomes is 1, and a policy of a hand-made
log is certified or is not.
"""

from itertools import product

import numpy as np
import pytest

from tierwise.router_model.predicting.chain import Floats
from tierwise.training.certification.betting import MeanTest, log_wealth
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.points import QUALITY_LOSSES, Trial, certify_part
from tierwise.training.certification.units import Units

CONFIDENCE = 0.9
TIERS = np.ones(2, dtype=np.bool_)


@pytest.mark.parametrize("p_loss", [0.1, 0.3])
@pytest.mark.parametrize("n_units", [1, 7, 10])
def test_the_game_is_fair(n_units: int, p_loss: float) -> None:
    """Over all outcomes of units whose mean is 0 the expected wealth is 1: no bet knows what it is made on.

    A bet that is the best one after the fact, or the best of several orders, wins on average.
    """
    expected = 0.0
    for lost in product((False, True), repeat=n_units):
        is_lost = np.array(lost)
        values = np.where(is_lost, 1.0 - p_loss, -p_loss)
        probability = np.prod(np.where(is_lost, p_loss, 1.0 - p_loss))
        expected += float(probability * np.exp(log_wealth(values, 1.0 - p_loss, p_loss, CONFIDENCE)))
    assert expected == pytest.approx(1.0)


@pytest.mark.parametrize(("n_units", "max_loss"), [(100, 0.03), (250, 0.03), (800, 0.03), (80, 0.1), (400, 0.1)])
def test_a_loss_that_just_breaks_the_promise_is_seldom_certified(n_units: int, max_loss: float) -> None:
    """Of 400 logs one in ten may pass; 13.4 % would happen once in 100 times."""
    rng = np.random.default_rng([n_units, 1])
    units = Units.of(np.arange(n_units), np.ones(n_units))
    test = MeanTest(units, 1.0 - max_loss, CONFIDENCE)
    n_certified = 0
    for _ in range(400):
        top = (rng.uniform(size=n_units) < 0.8).astype(np.float64)
        chosen = top * (rng.uniform(size=n_units) >= max_loss)
        n_certified += test.is_below_zero((1.0 - max_loss) * top - chosen, 0.2)
    assert n_certified <= 0.134 * 400


def test_steps_of_one_task_are_one_observation() -> None:
    """The same losses: certified where each step is a task, not where forty share one."""
    steps = np.arange(1200)
    values = np.where(steps % 400 == 0, 0.97, -0.03)
    alone = MeanTest(Units.of(steps, np.ones(1200)), 0.97, CONFIDENCE)
    in_tasks = MeanTest(Units.of(steps // 40, np.ones(1200)), 0.97, CONFIDENCE)
    assert alone.is_below_zero(values, 0.05)
    assert not in_tasks.is_below_zero(values, 0.05)


@pytest.mark.slow
def test_nothing_after_the_first_failure_is_certified() -> None:
    """The steps that move first lose all, and all others gain: bold policies would pass, careful ones do not."""
    is_first = np.arange(600) < 60
    success = np.where(is_first[:, None], [0.0, 1.0], [1.0, 0.5])
    p_success = np.where(is_first[:, None], [0.99, 0.5], [0.6, 0.6])
    assert saved(success, p_success)[0.005] == 0.0
    assert saved(success, np.where(is_first[:, None], [0.4, 0.9], [0.9, 0.5]))[0.005] > 0.5


@pytest.mark.slow
def test_what_unfamiliar_steps_would_gain_pays_for_no_others() -> None:
    """They stay at the top tier. The others lose a fifth where they move."""
    is_unfamiliar = np.arange(600) % 2 == 0
    success = np.where(is_unfamiliar[:, None], [1.0, 0.5], [0.8, 1.0])
    p_success = np.tile([0.7, 0.75], (600, 1))
    assert saved(success, p_success, is_unfamiliar)[0.03] < 0.2
    assert saved(success, p_success)[0.03] > 0.5


@pytest.mark.slow
def test_what_is_certified_saves_nothing_on_unfamiliar_steps() -> None:
    """Both tiers are alike: all that may move moves, and that is a half."""
    is_unfamiliar = np.arange(600) % 2 == 0
    both = np.ones((600, 2))
    found = saved(both, np.tile([0.9, 0.9], (600, 1)), is_unfamiliar)
    assert 0.3 < found[0.03] <= 0.45 + 1e-9


def saved(success: Floats, p_success: Floats, is_unfamiliar: np.ndarray | None = None) -> dict[float, float]:
    """The certified saving by tolerated loss, the cheap tier at a tenth of the cost; 0 where nothing is certified.

    ``p_success`` float64 [n, 2] is made unequal by a trifle, so that steps move one after the other.
    """
    n_steps = len(success)
    trifle = 1e-4 * np.random.default_rng(0).uniform(size=n_steps)
    p_success = np.column_stack([p_success[:, 0] + trifle, p_success[:, 1]])
    is_fixed = np.zeros(n_steps, dtype=np.bool_) if is_unfamiliar is None else is_unfamiliar
    cost_usd = np.tile([0.1, 1.0], (n_steps, 1))
    expected = Expected(p_success, cost_usd, np.ones(n_steps))
    weight = np.ones(n_steps)
    held_out = HeldOut(expected, np.arange(n_steps) % 3, success, cost_usd, is_fixed, weight)
    trial = Trial([held_out], Units.of(np.arange(n_steps), weight), CONFIDENCE)
    points = certify_part(trial, expected, is_fixed, TIERS).points
    savings = [0.0 if point.cost_weight is None else point.saving for point in points]
    return dict(zip(QUALITY_LOSSES, savings, strict=True))
