"""Where a policy does worst, from a log of what another one chose: off-policy estimates on slices of the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap, FloatArray
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices
from tierwise.training.evaluation.logged.off_policy import evaluate_off_policy
from tierwise.training.evaluation.slices import each_slice

MIN_SLICE_CHOICES = 100


@dataclass(frozen=True, slots=True)
class OffPolicySlice:
    """Steps that share ``value`` of ``dimension``; ``loss`` and ``saving`` against always-top, as off-policy."""

    dimension: str
    value: str
    n: int
    n_effective: float
    loss: Estimate
    saving: Estimate | None

    def to_dict(self) -> dict[str, object]:
        saving = None if self.saving is None else self.saving.to_dict()
        named = {"dimension": self.dimension, "value": self.value, "n": self.n, "n_effective": self.n_effective}
        return {**named, "loss": self.loss.to_dict(), "saving": saving}


@dataclass(frozen=True, slots=True)
class OffPolicySlices:
    """Worst loss first. ``n_small`` slices have too few steps, ``n_refused`` too little overlap with the log."""

    slices: tuple[OffPolicySlice, ...]
    n_small: int
    n_refused: int

    def to_dict(self) -> dict[str, object]:
        slices = [entry.to_dict() for entry in self.slices]
        return {"slices": slices, "n_small_slices": self.n_small, "n_refused_slices": self.n_refused}


def measure_off_policy_slices(
    choices: LoggedChoices,
    p_target: FloatArray,
    prediction: Forecast | None,
    labels: Mapping[str, Sequence[str]],
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
) -> OffPolicySlices:
    """As :func:`~tierwise.training.evaluation.logged.off_policy.evaluate_off_policy`, on every slice of ``labels``."""
    found: list[OffPolicySlice] = []
    n_small = n_refused = 0
    columns = {dimension: np.asarray(values, dtype=object) for dimension, values in labels.items()}
    for dimension, name, members in each_slice(columns):
        rows = np.flatnonzero(members)
        if len(rows) < MIN_SLICE_CHOICES:
            n_small += 1
            continue
        part = None if prediction is None else prediction.take(rows)
        report = evaluate_off_policy(choices.take(rows), p_target[rows], part, bootstrap)
        if isinstance(report, Refusal) or report.loss is None:
            n_refused += 1
            continue
        n_effective = report.overlap.n_effective
        found.append(OffPolicySlice(dimension, name, report.n, n_effective, report.loss, report.saving))
    return OffPolicySlices(tuple(sorted(found, key=lambda entry: -entry.loss.value)), n_small, n_refused)
