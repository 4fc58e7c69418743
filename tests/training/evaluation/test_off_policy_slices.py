"""Slices of an off-policy estimate against worlds whose truth is known."""

import numpy as np
import pytest

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.logged.logged_choices import logged_choices
from tierwise.training.evaluation.logged.off_policy_slices import OffPolicySlices, measure_off_policy_slices
from tierwise.training.evaluation.synthetic.world_logs import WorldLog
from tierwise.training.evaluation.synthetic.worlds import World

NAMES = ("small", "mid", "frontier")
BOLD = np.eye(3)[0]


def hardness(log: WorldLog) -> list[str]:
    return ["hard" if complexity > 6 else "easy" for complexity in log.steps.complexity]


def slices_of(log: WorldLog, labels: list[str]) -> OffPolicySlices:
    """Of the policy that always takes the small tier; the model is off on purpose."""
    model = Forecast(0.5 + 0.4 * (log.steps.p_success - 0.5), 0.7 * log.steps.expected_cost_usd)
    target = np.tile(BOLD, (len(labels), 1))
    choices = logged_choices(log.logged_steps(NAMES), NAMES)
    return measure_off_policy_slices(choices, target, model, {"hardness": labels}, Bootstrap(200))


@pytest.mark.slow
def test_the_slice_that_a_bold_policy_ruins_is_named_first_with_its_true_loss() -> None:
    log = World(seed=3).draw(6000, "random", seed=1)
    found = slices_of(log, hardness(log))
    assert [entry.value for entry in found.slices] == ["hard", "easy"]
    for entry in found.slices:
        rows = np.array(hardness(log)) == entry.value
        truth = 1 - log.steps.p_success[rows, 0].mean() / log.steps.p_success[rows, -1].mean()
        assert entry.loss.low - 0.05 < truth < entry.loss.high + 0.05
        assert entry.loss.high - entry.loss.low < 0.5
    assert found.slices[0].loss.value > found.slices[1].loss.value


@pytest.mark.slow
def test_small_slices_and_those_without_overlap_are_counted_and_one_label_is_no_slice() -> None:
    log = World(seed=3).draw(1500, "random", seed=1)
    labels = ["rare" if row < 50 else "usual" for row in range(1500)]
    found = slices_of(log, labels)
    assert ([entry.value for entry in found.slices], found.n_small, found.n_refused) == (["usual"], 1, 0)
    assert slices_of(log, ["one"] * 1500) == OffPolicySlices((), 0, 0)
    never_small = World(seed=3).draw(1500, "heuristic", seed=1, exploration=0.0)
    assert slices_of(never_small, hardness(never_small)).n_refused == 2
