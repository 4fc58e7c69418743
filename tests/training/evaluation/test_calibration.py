"""Calibration against predictions whose error is known."""

import numpy as np
import pytest

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.calibration import Ranking, bin_codes, measure_calibration
from tierwise.training.evaluation.errors import EvaluationError
from tierwise.training.flywheel.gates import GateSettings, calibration_gate

DRAWS = Bootstrap(200)


def drawn(n_steps: int, bias: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Predictions, outcomes drawn from them after ``bias`` was added, and a group for every step."""
    rng = np.random.default_rng(0)
    p_success = rng.uniform(0.2, 0.8, n_steps)
    success = (rng.random(n_steps) < p_success + bias).astype(np.float64)
    return p_success, success, np.arange(n_steps)


def test_true_probabilities_have_the_error_of_chance() -> None:
    found = measure_calibration("small", *drawn(6000), DRAWS)
    assert found.ece.value < 2 * found.ece_of_chance
    assert found.ece.low == 0
    assert 0.5 < found.auc.low < found.auc.value < found.auc.high < 1


def test_a_bias_is_found_at_its_size() -> None:
    found = measure_calibration("small", *drawn(6000, bias=0.15), DRAWS)
    assert found.ece.low < 0.15 < found.ece.high
    assert found.ece.low > 0.1
    assert all(entry.success.value > entry.mean_p_success for entry in found.reliability)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_steps", "lowest"),
    [(30, 0.1), *(pytest.param(*case, marks=pytest.mark.slow) for case in ((45, 0.1), (45, 0.4), (100, 0.4)))],
)
def test_few_outcomes_of_true_probabilities_seldom_fail_the_gate_and_an_error_is_still_found(
    n_steps: int, lowest: float
) -> None:
    rng = np.random.default_rng(1)

    def failing(error: float) -> float:
        p_success = rng.uniform(lowest, lowest + 0.2, (300, n_steps))
        success = (rng.random(p_success.shape) < p_success + error).astype(np.float64)
        groups = np.arange(n_steps)
        found = [
            measure_calibration("small", p, y, groups, Bootstrap(2)) for p, y in zip(p_success, success, strict=True)
        ]
        return float(np.mean([not calibration_gate([each], GateSettings()).is_passed for each in found]))

    assert failing(0.0) < 0.08
    assert failing(0.4) > 0.8


def test_unknown_outcomes_are_left_out() -> None:
    p_success, success, groups = drawn(400)
    some = np.where(np.arange(400) < 100, success, np.nan)
    found = measure_calibration("small", p_success, some, groups, DRAWS)
    assert found.ece.n == 100


def test_nothing_known_and_no_probability_are_errors() -> None:
    p_success, success, groups = drawn(50)
    with pytest.raises(EvaluationError, match="no step knows both success and prediction of tier 'small'"):
        measure_calibration("small", p_success, np.full(50, np.nan), groups, DRAWS)
    with pytest.raises(EvaluationError, match="probabilities are needed"):
        measure_calibration("small", p_success + 1, success, groups, DRAWS)


def test_the_area_under_the_roc_curve_counts_pairs() -> None:
    ranking = Ranking.of(np.array([0.1, 0.4, 0.4, 0.8]), np.array([0.0, 0.0, 1.0, 1.0]))
    assert ranking.auc(np.ones(4)) == pytest.approx((1 + 0.5 + 1 + 1) / 4)
    assert np.isnan(Ranking.of(np.array([0.1, 0.2]), np.ones(2)).auc(np.ones(2)))


def test_bins_hold_nearly_equal_counts_and_ties_share_one() -> None:
    assert np.bincount(bin_codes(np.arange(300.0), 15)).tolist() == [20] * 15
    assert np.bincount(bin_codes(np.arange(45.0), 15)).tolist() == [11, 11, 11, 12]
    assert len(np.unique(bin_codes(np.arange(9.0), 15))) == 1
    assert len(np.unique(bin_codes(np.full(300, 0.5), 15))) == 1
