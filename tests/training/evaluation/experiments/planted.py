"""Reports with figures of one's choice, for what is decided by them."""

from dataclasses import dataclass, replace

from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.experiments.comparison import Comparison
from tierwise.training.evaluation.experiments.confidence_sequence import ConfidenceSequence
from tierwise.training.evaluation.experiments.verdict import ExperimentReport, Ruling, analyse
from tierwise.training.evaluation.experiments.worlds import ExperimentWorld

_PLAIN = analyse(ExperimentWorld().draw(40, 0))


@dataclass(frozen=True, eq=False)
class PlantedSequence(ConfidenceSequence):
    """A sequence that stands where it was told to."""

    estimate: Estimate | None = None

    def last(self) -> Estimate:
        assert self.estimate is not None
        return self.estimate


def sequence(value: float, low: float, high: float) -> PlantedSequence:
    """A confidence sequence that stands at ``value [low, high]``."""
    return PlantedSequence(_PLAIN.comparisons[0].success.terms, 0.05, estimate=Estimate(value, low, high, 1000, 1000.0))


def comparison(**figures: object) -> Comparison:
    """No difference to be seen, but for ``figures``."""
    calm: dict[str, object] = {
        name: sequence(0.0, -1.0, 1.0)
        for name in ("success", "done", "cost_usd", "escalations", "wide_cost_usd", "unknown", "unknown_cost")
    }
    ratios = {name: sequence(1.0, 0.5, 2.0) for name in ("cost_ratio", "latency_ratio")}
    counts: dict[str, object] = {"n_arm": 500, "n_control": 500}
    return replace(_PLAIN.comparisons[0], **(calm | ratios | counts | figures))  # type: ignore[arg-type]


def planted(verdict: Ruling, **figures: object) -> ExperimentReport:
    """A report of one arm with that verdict."""
    return replace(_PLAIN, comparisons=(comparison(**figures),), verdicts=(verdict,))
