"""Parts of a log: steps that are certified together, so that no kind of work pays for the saving of another.

A part is a value of one field of the step (task type by default) with enough tasks to be tested. Values with fewer
are certified together. Each part holds its promise by itself, at the stated confidence and with evidence of its own.
All parts together are tested once more, as one policy: where that fails, all go back to what a smaller loss certifies.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.parts import Part, part_value
from tierwise.training.certification.cascades import certify_cascades
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.points import (
    QUALITY_LOSSES,
    Outcome,
    PartPoints,
    Trial,
    certify_part,
    unsupported,
)
from tierwise.training.certification.units import Units
from tierwise.training.evidence import Evidence, Witness, weigh_evidence

MIN_PART_UNITS = 100.0
"""Effective tasks of a value that is certified alone: 76 without a loss would do at 3 % and 90 % confidence."""

POOLED = "other"


@dataclass(frozen=True, slots=True)
class CertifiedParts:
    """``parts`` by value; ``pooled`` for all other values that the log holds; ``together`` is what all of them come to.
    ``whole`` has one cost weight for all steps: for steps that do not say which part they belong to."""

    parts: tuple[Part, ...]
    whole: Part
    together: tuple[OperatingPoint, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """What certification reads of ``n`` steps, in the same order everywhere.

    ``repeats`` are held-out predictions, evidence not yet weighed, ``final`` those of the router that will serve,
    ``unit`` int64 [n] the task of each step, ``recency`` float64 [n] in (0, 1] how much it counts.
    """

    steps: Sequence[LoggedStep]
    witness: Witness
    repeats: Sequence[HeldOut]
    final: Expected
    unit: NDArray[np.int64]
    recency: NDArray[np.float64]

    def trial(self, rows: NDArray[np.int64], confidence: float) -> tuple[Trial, Evidence]:
        """Some of the steps with their evidence."""
        taken = [one.take(rows) for one in self.repeats]
        witness, unit = self.witness.take(rows), self.unit[rows]
        weighed = [weigh_evidence(one.expected.p_success, witness, unit) for one in taken]
        first = weighed[0]
        weight = self.recency[rows] * first.weight
        repeats = [
            replace(one, success=evidence.success, weight=weight, largest=first.largest)
            for one, evidence in zip(taken, weighed, strict=True)
        ]
        return Trial(repeats, Units.of(unit, weight), confidence), first


def certify_parts(log: Log, field: str | None, confidence: float) -> CertifiedParts:
    """All parts of ``log`` by ``field`` of the step (None: the log is one part), and the whole."""
    everything = np.arange(len(log.steps))
    values = np.array([part_value(step.step, field) for step in log.steps], dtype=object)
    whole, _ = _certified("", log, everything, confidence)
    names = _names(values, log)
    if len(names) < 2 and POOLED not in names.values():
        only = (replace(whole, name=next(iter(names), ""), values=tuple(names)),) if field else ()
        return CertifiedParts(only, whole, whole.points)
    parts, found, rows_of = [], [], []
    for name in sorted(set(names.values())):
        members = tuple(sorted(value for value, part in names.items() if part == name))
        rows = np.flatnonzero(np.isin(values, np.array(members, dtype=object)))
        part, part_found = _certified(name, log, rows, confidence)
        parts.append(replace(part, values=members))
        found.append(part_found)
        rows_of.append(rows)
    trial, _ = log.trial(everything, confidence)
    levels = [_together(trial, found, rows_of, level) for level in range(len(QUALITY_LOSSES))]
    kept = _last_certified(levels)
    return CertifiedParts(
        tuple(replace(part, points=_kept(part.points, kept)) for part in parts),
        whole,
        tuple(replace(levels[at] or unsupported(0.0), max_quality_loss=loss) if at >= 0 else unsupported(loss)
              for at, loss in zip(kept, QUALITY_LOSSES, strict=True)),
    )  # fmt: skip


def _certified(name: str, log: Log, rows: NDArray[np.int64], confidence: float) -> tuple[Part, PartPoints]:
    trial, evidence = log.trial(rows, confidence)
    is_fixed = log.repeats[0].is_unfamiliar[rows]
    found = certify_part(trial, log.final.take(rows), is_fixed, evidence.is_evidenced)
    cascades = certify_cascades(
        _known_throughout(trial, log, rows), log.final.take(rows), is_fixed, evidence.is_evidenced
    )
    part = Part(
        name=name,
        values=(),
        points=found.points,
        tiers=tuple(int(tier) for tier in np.flatnonzero(evidence.is_evidenced)),
        n_steps=len(rows),
        n_tasks=trial.units.n_units,
        n_effective=trial.units.n_effective,
        n_outcomes=tuple(int(count) for count in evidence.n_outcomes),
        missing=evidence.missing,
        cascades=cascades,
    )
    return part, found


def _known_throughout(trial: Trial, log: Log, rows: NDArray[np.int64]) -> Trial:
    """The same steps without those that were drawn: a score that stands for a tier cannot be followed up a cascade."""
    is_drawn = log.witness.is_drawn[rows]
    weight = np.where(is_drawn, 0.0, np.minimum(1.0, trial.units.weight * trial.repeats[0].largest))
    repeats = [replace(one, weight=weight, largest=1.0) for one in trial.repeats]
    return Trial(repeats, Units.of(log.unit[rows], weight), trial.confidence)


def _names(values: NDArray[np.object_], log: Log) -> Mapping[str, str]:
    """From the values of the field to the part that each belongs to."""
    large = []
    for value in sorted(set(values.tolist())):
        rows = np.flatnonzero(values == value)
        if Units.of(log.unit[rows], np.ones(len(rows))).n_effective >= MIN_PART_UNITS:
            large.append(value)
    return {value: value if value in large else POOLED for value in Counter(values.tolist())}


def _together(
    trial: Trial, found: Sequence[PartPoints], rows_of: Sequence[NDArray[np.int64]], level: int
) -> OperatingPoint | None:
    """All parts at their own points of one tolerated loss, as one policy; None where that cannot be certified."""
    top = trial.top()
    if all(part.outcomes[level] is None for part in found):
        return None
    success, cost_usd, relative = top.success.copy(), top.cost_usd.copy(), top.relative_cost.copy()
    p_moved = 0.0
    for part, rows in zip(found, rows_of, strict=True):
        outcome = part.outcomes[level]
        if outcome is not None:
            success[rows], cost_usd[rows], relative[rows] = outcome.success, outcome.cost_usd, outcome.relative_cost
            p_moved += outcome.p_moved * len(rows) / len(success)
    together = Outcome(success, cost_usd, relative, p_moved, trial.units.sums(success))
    max_loss = QUALITY_LOSSES[level]
    return trial.point(together, top, max_loss, 0.0) if trial.is_within(together, top, max_loss) else None


def _last_certified(levels: Sequence[OperatingPoint | None]) -> list[int]:
    """For each level the last one up to it that holds for all parts together; -1 for none."""
    kept, last = [], -1
    for level, point in enumerate(levels):
        last = level if point is not None else last
        kept.append(last)
    return kept


def _kept(points: Sequence[OperatingPoint], kept: Sequence[int]) -> tuple[OperatingPoint, ...]:
    return tuple(
        replace(points[at], max_quality_loss=loss) if at >= 0 else unsupported(loss)
        for at, loss in zip(kept, QUALITY_LOSSES, strict=True)
    )
