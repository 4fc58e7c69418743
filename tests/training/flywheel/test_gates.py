"""The gates, one by one: what passes, what does not, and what is said about it."""

import pytest

from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.flywheel.contest import Contest, SliceDifference
from tierwise.training.flywheel.gates import GateSettings, failed, slice_gate, value_gates

SETTINGS = GateSettings(margin=0.02, slice_margin=0.1)


def between(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 500, 500.0)


def contest(success: Estimate, cost: Estimate, *slices: SliceDifference) -> Contest:
    return Contest("full information", success, cost, slices, 0.0)


@pytest.mark.parametrize(
    ("success", "cost", "not_passed"),
    [
        (between(-0.01, 0.02), between(-0.4, -0.2), []),
        (between(0.05, 0.2), between(0.3, 0.9), []),
        (between(-0.01, 0.02), between(-0.1, 0.1), ["gain"]),
        (between(-0.05, 0.02), between(-0.4, -0.2), ["success"]),
        (between(-0.3, -0.2), between(0.1, 0.2), ["success", "gain"]),
    ],
    ids=["cheaper", "dearer but better", "no gain", "perhaps worse", "worse and dearer"],
)
def test_not_inferior_and_cheaper_or_clearly_better(success: Estimate, cost: Estimate, not_passed: list[str]) -> None:
    assert failed(value_gates(contest(success, cost), SETTINGS)) == not_passed


def test_what_the_log_cannot_tell_does_not_pass() -> None:
    refusal = Refusal("no overlap")
    gates = [*value_gates(refusal, SETTINGS), slice_gate(refusal, SETTINGS)]
    assert failed(gates) == ["success", "gain", "slices"]
    assert {gate.finding for gate in gates} == {"no overlap"}


def test_one_slice_that_collapses_is_named() -> None:
    good, bad = between(-0.05, 0.05), between(-0.4, -0.1)
    slices = (SliceDifference("agent", "billing", bad), SliceDifference("agent", "search", good))
    gate = slice_gate(contest(good, good, *slices), SETTINGS)
    assert not gate.is_passed
    assert "agent 'billing' -25% [-40%, -10%]" in gate.finding
    assert slice_gate(contest(good, good, slices[1]), SETTINGS).is_passed


def test_bounds_without_sense_are_refused() -> None:
    with pytest.raises(TrainingError, match="margin is 0; a number above 0 is needed"):
        GateSettings(margin=0)
