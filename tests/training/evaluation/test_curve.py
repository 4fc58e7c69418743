"""The cost-quality curve and the skill, on logs small enough to know them exactly."""

import numpy as np
import pytest

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast, SkillTable, measure_skills, sweep
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.hull import area_under_hull, upper_hull
from tierwise.training.evaluation.outcomes import FullOutcomes, full_outcomes

DRAWS = Bootstrap(100)


def easy_and_hard(n_steps: int = 200) -> FullOutcomes:
    """Half of the steps succeed on both tiers, half only on the dear one, which costs ten times as much."""
    is_easy = np.arange(n_steps) % 2 == 0
    success = np.stack([is_easy, np.ones(n_steps)], axis=1).astype(np.float64)
    return full_outcomes(success, np.tile([1.0, 10.0], (n_steps, 1)))


def skills(outcomes: FullOutcomes, **predictions: Forecast) -> SkillTable:
    table = measure_skills(outcomes, predictions, DRAWS)
    assert isinstance(table, SkillTable)
    return table


def test_a_router_that_knows_the_outcomes_has_the_largest_area_that_there_is() -> None:
    """All success at half of the way to always-top: the hull is (0, 0), (.5, 1), (1, 1), its area .75."""
    outcomes = easy_and_hard()
    table = skills(outcomes, knowing=Forecast(outcomes.success, outcomes.cost_usd))
    assert table.skills["knowing"].area.value == pytest.approx(0.75)
    assert table.mix_area.value == pytest.approx(0.5)
    assert table.skills["knowing"].skill.low > 0.2


def test_a_router_that_knows_nothing_has_no_skill() -> None:
    outcomes = easy_and_hard()
    same = Forecast(np.tile([0.5, 1.0], (len(outcomes), 1)), outcomes.cost_usd)
    assert skills(outcomes, ignorant=same).skills["ignorant"].skill.value == pytest.approx(0.0)


def test_differences_are_paired_and_antisymmetric() -> None:
    outcomes = easy_and_hard()
    knowing = Forecast(outcomes.success, outcomes.cost_usd)
    ignorant = Forecast(np.tile([0.5, 1.0], (len(outcomes), 1)), outcomes.cost_usd)
    differences = skills(outcomes, a=knowing, b=ignorant, c=knowing).differences
    assert differences["a", "b"].value == pytest.approx(-differences["b", "a"].value)
    assert differences["a", "b"].is_above_zero
    assert differences["a", "c"].low == differences["a", "c"].high == 0


def test_a_scale_without_meaning_is_refused() -> None:
    cheap_top = full_outcomes(np.array([[0.0, 1.0]] * 50), np.array([[2.0, 1.0]] * 50))
    found = measure_skills(cheap_top, {}, DRAWS)
    assert isinstance(found, Refusal)
    assert "the cost of always-top does not clearly exceed" in found.reason


@pytest.mark.parametrize(("n_gained", "is_refused"), [(1, True), (3, True), (20, False)])
def test_a_gain_that_could_be_luck_is_no_scale(n_gained: int, is_refused: bool) -> None:
    """Always-top is better on some of 200 steps and worse on one: of a few it cannot be told from nothing."""
    success = np.tile([1.0, 1.0], (200, 1))
    success[:n_gained] = [0.0, 1.0]
    success[199] = [1.0, 0.0]
    found = measure_skills(full_outcomes(success, np.tile([1.0, 10.0], (200, 1))), {}, DRAWS)
    assert isinstance(found, Refusal) == is_refused
    if isinstance(found, Refusal):
        assert "the success of always-top does not clearly exceed" in found.reason


def test_a_cost_that_could_be_luck_is_no_scale_either() -> None:
    cost = np.tile([1.0, 1.0], (200, 1))
    cost[:3, 1] = 10.0
    cost[3:5, 0] = 10.0
    success = np.stack([np.arange(200) % 2, np.ones(200)], axis=1).astype(np.float64)
    found = measure_skills(full_outcomes(success, cost), {}, DRAWS)
    assert isinstance(found, Refusal)
    assert "the cost of always-top does not clearly exceed" in found.reason


def test_the_sweep_goes_from_the_cheapest_tier_of_each_step_to_its_surest() -> None:
    """Also where the cheapest is not the first tier, and where a tier is cheaper and better at once."""
    success = np.tile([[0.0, 1.0, 1.0], [1.0, 1.0, 0.0]], (20, 1))
    cost = np.tile([[2.0, 1.0, 5.0], [1.0, 3.0, 9.0]], (20, 1))
    p_success = np.tile([[0.2, 0.6, 0.9], [0.5, 0.7, 0.6]], (20, 1))
    found = sweep(full_outcomes(success, cost), Forecast(p_success, cost), 9)
    assert found[:2, 0].tolist() == [1, 0]
    assert found[:2, -1].tolist() == [2, 1]
    paid = np.take_along_axis(cost, found, axis=1)
    expected = np.take_along_axis(p_success, found, axis=1)
    assert (np.diff(paid, axis=1) >= 0).all()
    assert (np.diff(expected, axis=1) >= 0).all()


def test_a_prediction_with_gaps_is_an_error() -> None:
    outcomes = easy_and_hard()
    gaps = Forecast(np.full(outcomes.success.shape, np.nan), outcomes.cost_usd)
    with pytest.raises(EvaluationError, match="predict every step"):
        measure_skills(outcomes, {"gaps": gaps}, DRAWS)


def test_the_hull_keeps_what_no_mix_beats() -> None:
    x, y = np.array([0.0, 0.25, 0.5, 1.0]), np.array([0.0, 0.1, 0.9, 1.0])
    assert upper_hull(x, y).tolist() == [0, 2, 3]
    assert area_under_hull(x, y) == pytest.approx(0.5 * 0.9 / 2 + 0.5 * 1.9 / 2)
