"""The gates before promotion: every one is a question with a measured answer and a bound, passed or not."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scipy.stats import norm

from tierwise.data.records import Step
from tierwise.router_model.decider import Decider
from tierwise.training.errors import TrainingError
from tierwise.training.evaluation.calibration import TierCalibration
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.flywheel.contest import Contest

_N_TIMED_STEPS = 40
_MIN_SLICE_EFFECTIVE = 10


@dataclass(frozen=True, slots=True)
class GateSettings:
    """The bounds.

    ``margin`` of success (a share of steps) within which a challenger is not inferior; ``slice_margin`` what a single
    task type, agent or node may lose; ``max_calibration_error`` beyond that of perfect predictions;
    ``max_decide_ms`` of CPU time for one decision; ``max_bundle_mb``.
    """

    margin: float = 0.02
    slice_margin: float = 0.1
    max_calibration_error: float = 0.08
    max_decide_ms: float = 50.0
    max_bundle_mb: float = 250.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not value > 0:
                raise TrainingError(f"{name} is {value}; a number above 0 is needed")


@dataclass(frozen=True, slots=True)
class Gate:
    """``finding`` says what was measured, ``bound`` what was asked for."""

    name: str
    is_passed: bool
    finding: str
    bound: str

    def to_dict(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in self.__slots__}


def failed(gates: Sequence[Gate]) -> list[str]:
    """The names of the gates that were not passed."""
    return [gate.name for gate in gates if not gate.is_passed]


def value_gates(contest: Contest | Refusal, settings: GateSettings) -> list[Gate]:
    """Not inferior in success, and better: cheaper, or more successful by more than the margin."""
    margin = settings.margin
    bounds = (f"loses less than {margin:.1%} of steps", f"cheaper, or succeeds on {margin:.1%} more steps")
    if isinstance(contest, Refusal):
        return [
            Gate(name, False, contest.reason, bound) for name, bound in zip(("success", "gain"), bounds, strict=True)
        ]
    success, cost = contest.success, contest.relative_cost
    found = f"{success.text('+.1%')} of steps ({contest.method}, n = {success.n:,})"
    is_better = cost.high < 0 or success.low > margin
    return [
        Gate("success", success.low > -margin, found, bounds[0]),
        Gate("gain", is_better, f"{cost.text('+.1%')} of the cost, {found}", bounds[1]),
    ]


def slice_gate(contest: Contest | Refusal, settings: GateSettings) -> Gate:
    """No task type, agent or node of 30 steps or more collapses.

    With many slices some look bad by chance, so their intervals are widened to hold for all of them together
    (Bonferroni); slices with fewer than 10 effective steps are too thin to tell.
    """
    bound = f"none loses {settings.slice_margin:.0%} of its steps"
    if isinstance(contest, Refusal):
        return Gate("slices", False, contest.reason, bound)
    told = [entry for entry in contest.slices if entry.success.n_effective >= _MIN_SLICE_EFFECTIVE]
    wider = float(norm.isf(0.025 / max(1, len(told))) / norm.isf(0.025))
    worst = [entry for entry in told if _collapses(entry.success, wider, settings.slice_margin)]
    if not worst:
        return Gate("slices", True, f"{len(told)} slices, {len(contest.slices) - len(told)} more too thin", bound)
    names = ", ".join(f"{e.dimension} '{e.value}' {e.success.text('+.0%')}" for e in worst[:3])
    return Gate("slices", False, names, bound)


def _collapses(success: Estimate, wider: float, margin: float) -> bool:
    return success.value < -margin and success.value + wider * (success.high - success.value) < 0


def calibration_gate(tiers: Sequence[TierCalibration], settings: GateSettings) -> Gate:
    """Probabilities mean what they say, tier by tier, beyond what chance alone would show.

    A tier fails when its error exceeds that of perfect predictions by more than the bound and by more than perfect
    ones would in one case of twenty: on few outcomes chance alone exceeds the bound.
    """
    bound = f"error beyond chance at most {settings.max_calibration_error:.2f} on every tier"
    if not tiers:
        return Gate("calibration", False, "no tier has 30 known outcomes", bound)
    excess = {tier.tier: tier.ece.value - tier.ece_of_chance for tier in tiers}
    found = ", ".join(f"{name} {value:+.3f}" for name, value in excess.items())
    bad = [t for t in tiers if excess[t.tier] > settings.max_calibration_error and t.ece.value > t.ece_by_chance]
    return Gate("calibration", not bad, found, bound)


def budget_gates(bundle: Path, challenger: Decider, steps: Sequence[Step], settings: GateSettings) -> list[Gate]:
    """Small and fast enough to serve."""
    size_mb = sum(path.stat().st_size for path in bundle.iterdir()) / 1e6
    decide_ms = cpu_ms_per_decision(challenger, steps)
    return [
        Gate("latency", decide_ms <= settings.max_decide_ms, f"{decide_ms:.1f} ms of CPU a decision",
             f"at most {settings.max_decide_ms:g} ms"),
        Gate("size", size_mb <= settings.max_bundle_mb, f"{size_mb:.1f} MB", f"at most {settings.max_bundle_mb:g} MB"),
    ]  # fmt: skip


def cpu_ms_per_decision(decider: Decider, steps: Sequence[Step]) -> float:
    """CPU time of this process, which other processes of a busy machine do not change; the first step warms up."""
    timed = steps[:_N_TIMED_STEPS]
    decider.decide(timed[0])
    started = time.process_time()
    for step in timed:
        decider.decide(step)
    return (time.process_time() - started) * 1000 / len(timed)
