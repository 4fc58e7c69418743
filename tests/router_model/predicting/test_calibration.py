"""Calibration as served: known numbers, order kept, and nothing lost on the way to disk."""

import json

import numpy as np
import pytest

from tests.router_model.predicting.ways import WAYS, Way
from tierwise.router_model.predicting.calibration import Bend, Calibration
from tierwise.router_model.predicting.chain import tier_probabilities

CALIBRATION = Calibration(np.array([2.0, 1.0, 0.5]), np.array([0.0, 1.0, -1.0]), np.log([2.0, 0.5]))


both_ways = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@both_ways
def test_a_score_passes_through_its_own_line(way: Way) -> None:
    found = way(CALIBRATION, np.array([[0.5, -1.0, 2.0]]))
    expected = tier_probabilities(np.array([[1.0, 0.0, 0.0]]))
    assert np.array_equal(found.p_success, expected.p_success)


def test_costs_are_scaled_by_tier() -> None:
    assert CALIBRATION.cost_usd(np.log([[0.001, 0.1]])) == pytest.approx(np.array([[0.002, 0.05]]))


@both_ways
@pytest.mark.parametrize(("log_odds", "bent"), [(-9.0, -8.0), (0.0, 1.0), (1.0, 3.0), (2.0, 5.0), (9.0, 12.0)])
def test_a_bend_is_interpolated_between_its_knots_and_level_beyond(way: Way, log_odds: float, bent: float) -> None:
    bend = Bend(np.array([0.0, 2.0]), np.array([1.0, 3.0]))
    calibration = Calibration(np.ones(1), np.zeros(1), np.zeros(1), (bend,))
    found = way(calibration, np.array([[log_odds]])).p_success[0, 0]
    assert found == pytest.approx(1 / (1 + np.exp(-bent)), rel=1e-12)


@both_ways
def test_the_identity_changes_nothing(way: Way) -> None:
    scores = np.random.default_rng(0).normal(size=(20, 5))
    identity = Calibration.identity(3)
    assert np.array_equal(way(identity, scores).p_success, tier_probabilities(scores).p_success)
    assert identity.cost_usd(np.log([[1.0, 2.0, 3.0]])) == pytest.approx(np.array([[1.0, 2.0, 3.0]]))


def test_the_form_on_disk_loses_nothing() -> None:
    restored = Calibration.from_mapping(json.loads(json.dumps(CALIBRATION.to_mapping())))
    assert all(np.array_equal(getattr(restored, name), getattr(CALIBRATION, name)) for name in Calibration.__slots__)
