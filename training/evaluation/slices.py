"""Where a choice of tiers does worst: loss of success against always-top on slices of the steps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.text import redact_name
from tierwise.training.evaluation.bootstrap import DEFAULT_BOOTSTRAP, Bootstrap
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.full_information import tier_indices
from tierwise.training.evaluation.language import guess_language
from tierwise.training.evaluation.outcomes import FullOutcomes

MIN_SLICE_STEPS = 30
_LENGTH_EDGES = (200, 1_000, 5_000, 20_000)


@dataclass(frozen=True, slots=True)
class Slice:
    """Steps that share ``value`` of ``dimension``; ``loss`` and ``saving`` as in ``ChoiceReport``.

    ``lost_success`` is the plain difference of success shares, always-top minus this choice: unlike ``loss`` it exists
    where the top tier never succeeds.
    """

    dimension: str
    value: str
    success: Estimate
    lost_success: Estimate
    loss: Estimate
    saving: Estimate

    def to_dict(self) -> dict[str, object]:
        names = ("success", "lost_success", "loss", "saving")
        estimates: dict[str, object] = {name: getattr(self, name).to_dict() for name in names}
        return {"dimension": self.dimension, "value": self.value, **estimates}


@dataclass(frozen=True, slots=True)
class SliceReport:
    """Slices of at least 30 steps, worst ``lost_success`` first; the small ones are counted, not shown."""

    slices: tuple[Slice, ...]
    n_small_slices: int
    n_steps_in_small_slices: int

    def worst(self, n_slices: int = 5) -> tuple[Slice, ...]:
        return self.slices[:n_slices]

    def of(self, dimension: str) -> tuple[Slice, ...]:
        return tuple(entry for entry in self.slices if entry.dimension == dimension)

    def to_dict(self) -> dict[str, object]:
        return {
            "slices": [entry.to_dict() for entry in self.slices],
            "n_small_slices": self.n_small_slices,
            "n_steps_in_small_slices": self.n_steps_in_small_slices,
        }


def slice_labels(steps: Sequence[LoggedStep]) -> dict[str, list[str]]:
    """The slice of each step by task type, agent, node, language guess and length band; ``none`` where unknown."""
    return {
        "task type": [redact_name(logged.step.task_type or "none") for logged in steps],
        "agent": [redact_name(logged.step.agent or "none") for logged in steps],
        "node": [redact_name(logged.step.node or "none") for logged in steps],
        "language": [guess_language(logged.step.prompt) for logged in steps],
        "length": [_length_band(len(logged.step.prompt)) for logged in steps],
    }


def measure_slices(
    outcomes: FullOutcomes,
    chosen: NDArray[np.int64],
    labels: Mapping[str, Sequence[str]],
    bootstrap: Bootstrap = DEFAULT_BOOTSTRAP,
    min_steps: int = MIN_SLICE_STEPS,
) -> SliceReport:
    """Measures ``chosen`` int64 [n_logged] on every slice; ``labels`` give each dimension one label a logged step."""
    kept = tier_indices(outcomes, chosen)
    slices: list[Slice] = []
    n_small, n_steps_in_small = 0, 0
    columns = {dimension: outcomes.keep(np.asarray(values, dtype=object)) for dimension, values in labels.items()}
    for dimension, name, members in each_slice(columns):
        if members.sum() < min_steps:
            n_small, n_steps_in_small = n_small + 1, n_steps_in_small + int(members.sum())
            continue
        slices.append(_slice(dimension, name, outcomes.take(members), kept[members], bootstrap))
    slices.sort(key=lambda entry: -entry.lost_success.value)
    return SliceReport(tuple(slices), n_small, n_steps_in_small)


def each_slice(columns: Mapping[str, NDArray[np.object_]]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Dimension, value and members bool [n] of every slice; ``columns`` give each dimension one label a step.

    A dimension in which all steps share one label says nothing and is left out.
    """
    for dimension, column in columns.items():
        names = sorted(set(column.tolist()))
        for name in names if len(names) > 1 else []:
            yield dimension, name, column == name


def _slice(dimension: str, name: str, part: FullOutcomes, chosen: NDArray[np.int64], bootstrap: Bootstrap) -> Slice:
    each = np.arange(len(part))
    columns = [
        np.ones(len(part)),
        part.success[each, chosen],
        part.cost_usd[each, chosen],
        part.success[:, -1],
        part.cost_usd[:, -1],
    ]
    totals = bootstrap.sums(np.column_stack(columns) * part.weights[:, None], part.groups)
    weight, success, cost, top_success, top_cost = totals.T
    with np.errstate(divide="ignore", invalid="ignore"):
        loss = np.where(top_success > 0, 1 - success / top_success, np.nan)
        saving = np.where(top_cost > 0, 1 - cost / top_cost, np.nan)
    statistics = (success / weight, (top_success - success) / weight, loss, saving)
    estimates = [bootstrap.estimate(values, len(part), part.n_effective) for values in statistics]
    return Slice(dimension, name, *estimates)


def _length_band(n_characters: int) -> str:
    """Bands of characters, in an order that sorts: ``0-199``, ``200-999``, ... , ``20000+``."""
    low = 0
    for edge in _LENGTH_EDGES:
        if n_characters < edge:
            return f"{low}-{edge - 1} characters"
        low = edge
    return f"{low}+ characters"
