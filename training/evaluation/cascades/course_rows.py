"""What ways to use cheap answers come to on the same steps: lost, different, saved, and more than by single shots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tierwise.training.accepting.plain_courses import Plays
from tierwise.training.evaluation.bootstrap import Bootstrap, FloatArray
from tierwise.training.evaluation.cascades.escalation import escalate
from tierwise.training.evaluation.estimate import Estimate, effective_n

CourseKind = Literal["single", "cascade", "untrained", "learned", "course", "oracle"]


@dataclass(frozen=True, slots=True, eq=False)
class AnsweredSteps:
    """n steps of which every tier's answer is logged. ``success`` float64 [n, k], NaN unknown; ``cost_usd`` float64
    [n, k], none NaN; ``is_same`` bool [n, k], whether the answer is the top tier's; ``groups`` int64 [n], codes from 0
    without holes: steps that are drawn together. ``latency_ms`` float64 [n, k], none NaN, of one call each; None where
    the log does not tell."""

    success: FloatArray
    cost_usd: FloatArray
    is_same: NDArray[np.bool_]
    groups: NDArray[np.int64]
    latency_ms: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.success)

    def take(self, chosen: NDArray[np.bool_]) -> "AnsweredSteps":
        """The steps of ``chosen`` bool [n]."""
        groups = np.unique(self.groups[chosen], return_inverse=True)[1].astype(np.int64)
        latency_ms = None if self.latency_ms is None else self.latency_ms[chosen]
        return AnsweredSteps(self.success[chosen], self.cost_usd[chosen], self.is_same[chosen], groups, latency_ms)

    @property
    def relative_cost(self) -> FloatArray:
        """float64 [n, k]: in what the step cost on the top tier; 0 where that was nothing."""
        top = self.cost_usd[:, -1:]
        return np.divide(self.cost_usd, top, out=np.zeros_like(self.cost_usd), where=top > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Used:
    """What one way comes to on n steps, float64 [n] each: ``success`` (NaN unknown), ``usd`` and ``relative`` cost of
    all calls, ``different`` and ``at_top``, None where a way has no one answer that could be compared. ``latency_ms``
    is how long the caller waits, None where that is not known."""

    success: FloatArray
    usd: FloatArray
    relative: FloatArray
    different: FloatArray | None
    at_top: FloatArray | None
    latency_ms: FloatArray | None = None

    @classmethod
    def of(cls, plays: Plays, steps: AnsweredSteps) -> "Used":
        each = np.arange(len(steps))
        return cls(
            success=steps.success[each, plays.final],
            usd=plays.cost(steps.cost_usd),
            relative=plays.cost(steps.relative_cost),
            different=(~steps.is_same[each, plays.final]).astype(np.float64),
            at_top=(plays.final == steps.success.shape[1] - 1).astype(np.float64),
            latency_ms=None if steps.latency_ms is None else plays.waited(steps.latency_ms),
        )

    @classmethod
    def of_cascade(cls, path: Sequence[int], catch_rate: float, steps: AnsweredSteps) -> "Used":
        """The plain cascade over ``path``, whose verifier catches that share of failures; all outcomes are known."""
        tiers, top = list(path), steps.cost_usd[:, -1]
        start = np.zeros(len(steps), dtype=np.int64)
        found = escalate(steps.success[:, tiers], steps.cost_usd[:, tiers], start, catch_rate)
        relative = np.divide(found.cost_usd, top, out=np.zeros_like(top), where=top > 0)
        return cls(found.p_success, found.cost_usd, relative, None, None)

    def take(self, places: NDArray[np.bool_]) -> "Used":
        """The steps of ``places`` bool [n]."""
        maybe = (self.different, self.at_top, self.latency_ms)
        different, at_top, latency_ms = (None if each is None else each[places] for each in maybe)
        return Used(self.success[places], self.usd[places], self.relative[places], different, at_top, latency_ms)


@dataclass(frozen=True, slots=True)
class CourseRow:
    """One way on some steps. All are shares with their 95 % intervals.

    ``loss``         success lost relative to the top tier's, on the steps that know it; None where none does
    ``different``    answers that are not the top tier's; those that cannot be compared are; None for cascades, whose
                     verifier looks at outcomes
    ``saving``       1 - cost / cost of always the top tier, every call counted, in dollars
    ``saving_relative``  the same with each step's costs told in its own on the top tier
    ``more``         ``saving_relative`` above that of single shots, paired; None for themselves
    ``at_top``       steps that end on the top tier, None likewise
    ``p50_ms``, ``p95_ms``  how long a step takes, all calls counted, without an interval; None where the log does not
                     tell, and for cascades, whose verifier takes time of its own
    """

    name: str
    kind: CourseKind
    loss: Estimate | None
    different: Estimate | None
    saving: Estimate
    saving_relative: Estimate
    more: Estimate | None
    at_top: Estimate | None
    p50_ms: float | None = None
    p95_ms: float | None = None

    def to_dict(self) -> dict[str, object]:
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.to_dict() if isinstance(value, Estimate) else value for name, value in found.items()}


def course_row(
    name: str, kind: CourseKind, used: Used, single: Used, steps: AnsweredSteps, bootstrap: Bootstrap
) -> CourseRow:
    """One way on ``steps``, beside the single shots on the same ones."""
    top = steps.success[:, -1]
    is_known = ~np.isnan(used.success) & ~np.isnan(top)
    none = np.zeros(len(steps))
    columns = {
        "n": np.ones(len(steps)),
        "success": np.where(is_known, used.success, 0.0),
        "top": np.where(is_known, top, 0.0),
        "different": none if used.different is None else used.different,
        "usd": used.usd,
        "top_usd": steps.cost_usd[:, -1],
        "relative": used.relative,
        "counts": (steps.cost_usd[:, -1] > 0).astype(np.float64),
        "more": single.relative - used.relative,
        "at_top": none if used.at_top is None else used.at_top,
    }
    sums = bootstrap.sums(np.column_stack(list(columns.values())), steps.groups)
    total = dict(zip(columns, sums.T, strict=True))
    n_effective = effective_n(np.ones(len(steps)), steps.groups)

    def estimate(values: FloatArray) -> Estimate:
        return bootstrap.estimate(values, len(steps), n_effective)

    p50_ms, p95_ms = (None, None) if used.latency_ms is None else np.quantile(used.latency_ms, (0.5, 0.95)).tolist()
    return CourseRow(
        name=name,
        kind=kind,
        loss=estimate(1 - _ratio(total, "success", "top")) if is_known.any() else None,
        different=None if used.different is None else estimate(_ratio(total, "different", "n")),
        saving=estimate(1 - _ratio(total, "usd", "top_usd")),
        saving_relative=estimate(1 - _ratio(total, "relative", "counts")),
        more=None if used is single else estimate(_ratio(total, "more", "counts")),
        at_top=None if used.at_top is None else estimate(_ratio(total, "at_top", "n")),
        p50_ms=p50_ms,
        p95_ms=p95_ms,
    )


def _ratio(total: Mapping[str, FloatArray], above: str, below: str) -> FloatArray:
    """NaN where nothing is below."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(total[below] > 0, total[above] / total[below], np.nan))
