"""Calibration as served: known numbers, order kept, and nothing lost on the way to disk."""

import json

import numpy as np
import pytest

from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import tier_probabilities

CALIBRATION = Calibration(np.array([2.0, 1.0, 0.5]), np.array([0.0, 1.0, -1.0]), np.log([2.0, 0.5]))


def test_a_score_passes_through_its_own_line() -> None:
    found = CALIBRATION.probabilities(np.array([[0.5, -1.0, 2.0]]))
    expected = tier_probabilities(np.array([[1.0, 0.0, 0.0]]))
    assert np.array_equal(found.p_success, expected.p_success)


def test_costs_are_scaled_by_tier() -> None:
    assert CALIBRATION.cost_usd(np.log([[0.001, 0.1]])) == pytest.approx(np.array([[0.002, 0.05]]))


def test_the_identity_changes_nothing() -> None:
    scores = np.random.default_rng(0).normal(size=(20, 5))
    identity = Calibration.identity(3)
    assert np.array_equal(identity.probabilities(scores).p_success, tier_probabilities(scores).p_success)
    assert identity.cost_usd(np.log([[1.0, 2.0, 3.0]])) == pytest.approx(np.array([[1.0, 2.0, 3.0]]))


def test_the_form_on_disk_loses_nothing() -> None:
    restored = Calibration.from_mapping(json.loads(json.dumps(CALIBRATION.to_mapping())))
    assert all(np.array_equal(getattr(restored, name), getattr(CALIBRATION, name)) for name in Calibration.__slots__)
