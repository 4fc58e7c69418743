"""The policy: from probabilities and costs to a tier.

The tier with the highest ``p_success - cost_weight * expected_cost / unit`` is chosen, the unit being the step's own
expected cost on the top tier. The cost weight belongs to an operating point that training certifies for a tolerated
quality loss and a part of the work (:mod:`tierwise.training.certification`), and is spread a little from step to step
(:mod:`tierwise.router_model.choosing.leaning`). Where nothing could be certified, and on
unfamiliar steps, the dearest tier that is open is chosen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from tierwise.data.records import Reason, Step
from tierwise.router_model.choosing.escalation import Outlook
from tierwise.router_model.choosing.guardrails import Guardrails, TierRange
from tierwise.router_model.choosing.leaning import NO_SPREAD, weight_factor
from tierwise.router_model.choosing.operating_point import OperatingPoint, point_at
from tierwise.router_model.choosing.parts import (
    Cascades,
    Part,
    cascade_point,
    cascades_of,
    cascades_to_lists,
    part_value,
)
from tierwise.router_model.options import DecideOptions

DEFAULT_MAX_QUALITY_LOSS = 0.03
EXPECTED = {"same-answer": "to answer as the top tier does"}
_PLAIN = (
    "cost_scale_usd", "confidence", "n_steps", "default_max_quality_loss", "is_relative", "part_field", "n_tasks",
    "n_effective", "missing",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the chosen tier, and why."""

    tier: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Policy:
    """What was certified, and the guardrails around it.

    ``part_field`` is the field of a step by whose values ``parts`` go; ``points`` and ``tiers`` serve steps that do not
    carry it, and all steps where there are no parts. ``together`` is the evidence of all parts as one policy.
    ``is_relative`` counts a step's cost in its own expected cost on the top tier, else in ``cost_scale_usd``, the mean
    one. ``tiers`` None leaves every tier open. ``target`` says what was certified: "success", or with "same-answer" the
    share of answers that differ from the top tier's. Steps lean by up to ``spread``.
    """

    points: tuple[OperatingPoint, ...]
    cost_scale_usd: float
    confidence: float
    n_steps: int
    default_max_quality_loss: float = DEFAULT_MAX_QUALITY_LOSS
    guardrails: Guardrails = field(default_factory=Guardrails)
    is_relative: bool = False
    tiers: tuple[int, ...] | None = None
    part_field: str | None = None
    parts: tuple[Part, ...] = ()
    together: tuple[OperatingPoint, ...] = ()
    n_tasks: int = 0
    n_effective: float = 0.0
    missing: str = ""
    cascades: Cascades = ()
    target: str = "success"
    spread: float = NO_SPREAD

    def point(self, max_quality_loss: float | None) -> OperatingPoint:
        """The certified point with the largest loss up to the asked one; None asks for the default."""
        return point_at(self.points, self._asked(max_quality_loss))

    def certified(self, max_quality_loss: float | None) -> OperatingPoint:
        """The evidence of the whole policy, all parts together; ``cost_weight`` None where it never leaves the top."""
        return point_at(self.together or self.points, self._asked(max_quality_loss))

    def part_of(self, step: Step) -> Part | None:
        """The part that the step belongs to. None where the step does not say, or there are no parts."""
        value = part_value(step, self.part_field)
        return next((part for part in self.parts if value in part.values), None)

    def terms(self, step: Step, max_quality_loss: float | None) -> "Terms":
        """What holds for a step at a tolerated loss."""
        part, asked = self.part_of(step), self._asked(max_quality_loss)
        if part is not None:
            return Terms(point_at(part.points, asked), part.tiers, self.part_text(part), part.missing)
        if self.parts and part_value(step, self.part_field):
            return Terms(point_at(self.points, -1.0), (), f"{self.part_field} '{part_value(step, self.part_field)}'")
        return Terms(point_at(self.points, asked), self.tiers, "", self.missing)

    def for_step(self, step: Step) -> "Policy":
        """The same policy with the points and tiers of the step's part, and no other parts."""
        part = self.part_of(step)
        if part is None:
            return self
        return replace(
            self, points=part.points, tiers=part.tiers, missing=part.missing, cascades=part.cascades, parts=()
        )

    def part_text(self, part: Part) -> str:
        """The part in words."""
        if not part.values or len(self.parts) == 1:
            return ""
        if len(part.values) > 1 or part.name not in part.values:
            return f"the {len(part.values)} smaller kinds of {self.part_field}"
        return f"{self.part_field} '{part.name}'" if part.name else f"steps without {self.part_field}"

    def cost_weight(self, point: OperatingPoint, top_usd: float, lean: float) -> float:
        """What a dollar weighs for a step that leans by ``lean`` and is thought to cost ``top_usd`` on the top tier."""
        unit_usd = max(top_usd, 1e-12) if self.is_relative else self.cost_scale_usd
        return (point.cost_weight or 0.0) / unit_usd * weight_factor(lean, self.spread)

    def _asked(self, max_quality_loss: float | None) -> float:
        return self.default_max_quality_loss if max_quality_loss is None else max_quality_loss

    def choose(self, step: Step, outlook: Outlook, allowed: TierRange, options: DecideOptions) -> Choice:
        """The tier for ``step``, or where a cascade is certified for ``options.catch_rate`` the tier to start on;
        ``outlook`` is then that of cascades, by start tier (see ``has_cascade``)."""
        cost_usd, limit = outlook.cost_usd, options.max_cost_usd
        open_tiers = range(allowed.low, allowed.high + 1)
        candidates = [tier for tier in open_tiers if limit is None or cost_usd[tier] <= limit]
        if not candidates:
            text = f"No open tier is expected to cost {limit:g} USD or less; the cheapest open one is taken."
            return Choice(min(open_tiers, key=cost_usd.__getitem__), Reason("max_cost", text))
        cascade = self._cascade(step, options)
        if cascade is not None:
            return self._start(cascade, step, outlook, allowed, candidates)
        if options.catch_rate == 1 and allowed.high == len(cost_usd) - 1:
            text = "Every failure is caught and tried one tier up, which loses nothing; the cheapest start is taken."
            return Choice(min(open_tiers, key=cost_usd.__getitem__), Reason("escalate", text))
        if outlook.is_unfamiliar:
            text = "The step is unlike those that the router learned from; the dearest open tier is taken."
            return Choice(candidates[-1], Reason("unfamiliar", text))
        terms = self.terms(step, options.max_quality_loss)
        if terms.point.cost_weight is None:
            return Choice(candidates[-1], _unsupported_reason(terms))
        weight = self.cost_weight(terms.point, outlook.top_usd, outlook.lean)
        tried = [tier for tier in candidates if terms.is_open(tier) or tier == candidates[-1]]
        tier = max(tried, key=lambda t: (outlook.p_success[t] - weight * cost_usd[t], -t))
        return Choice(tier, _learned_reason(tier, outlook, allowed, terms, EXPECTED.get(self.target, "to succeed")))

    def has_cascade(self, step: Step, options: DecideOptions) -> bool:
        """Whether a start is certified for the asked catch rate; elsewhere a step starts as a single attempt would."""
        return self._cascade(step, options) is not None

    def _cascade(self, step: Step, options: DecideOptions) -> OperatingPoint | None:
        if not options.catch_rate:
            return None
        part = self.part_of(step)
        cascades = self.cascades if part is None else part.cascades
        return cascade_point(cascades, options.catch_rate, self._asked(options.max_quality_loss))

    def _start(
        self, point: OperatingPoint, step: Step, outlook: Outlook, allowed: TierRange, candidates: list[int]
    ) -> Choice:
        """Where a cascade starts: where the plain one does, or where the step's own expectations say."""
        plain = candidates[-1] if point.plain_start is None else point.plain_start
        if point.cost_weight is None or point.start is not None or outlook.is_unfamiliar:
            wanted = candidates[-1] if point.cost_weight is None and point.start is None else plain
            tier = max([t for t in candidates if t <= max(wanted, allowed.low)] or candidates[:1])
            text = "Failures are caught and tried one tier up; no start is worth more than this one for all such steps."
            return Choice(tier, Reason("escalate", text))
        terms = self.terms(step, None)
        weight = self.cost_weight(point, outlook.top_usd, outlook.lean)
        tried = [tier for tier in candidates if terms.is_open(tier) or tier == candidates[-1]]
        tier = max(tried, key=lambda t: (outlook.p_success[t] - weight * outlook.cost_usd[t], -t))
        text = f"Failures are caught and tried one tier up; starting here, {outlook.p_success[tier]:.0%} end well."
        return Choice(tier, Reason("escalate", text))

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``policy.json``."""
        rails = Guardrails.__dataclass_fields__
        return {
            "points": [point.to_mapping() for point in self.points],
            "together": [point.to_mapping() for point in self.together],
            "parts": [part.to_mapping() for part in self.parts],
            "cascades": cascades_to_lists(self.cascades),
            "tiers": None if self.tiers is None else list(self.tiers),
            "guardrails": {name: getattr(self.guardrails, name) for name in rails},
            "target": self.target,
            "spread": self.spread,
        } | {name: getattr(self, name) for name in _PLAIN}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Policy":
        return cls(
            points=tuple(OperatingPoint(**point) for point in raw["points"]),
            together=tuple(OperatingPoint(**point) for point in raw["together"]),
            parts=tuple(Part.from_mapping(part) for part in raw["parts"]),
            tiers=None if raw["tiers"] is None else tuple(raw["tiers"]),
            guardrails=Guardrails(**raw["guardrails"]),
            cascades=cascades_of(raw["cascades"]),
            target=raw.get("target", "success"),  # bundles of before have none
            spread=float(raw.get("spread", NO_SPREAD)),
            **{name: raw[name] for name in _PLAIN},
        )


@dataclass(frozen=True, slots=True)
class Terms:
    """What holds for one step: the point, the ``tiers`` with evidence (None: all), and where it comes from in words."""

    point: OperatingPoint
    tiers: tuple[int, ...] | None
    origin: str = ""
    missing: str = ""

    def is_open(self, tier: int) -> bool:
        return self.tiers is None or tier in self.tiers


def choose_all(p_success: np.ndarray, cost_usd: np.ndarray, weight: float | np.ndarray) -> np.ndarray:
    """The rule of ``Policy.choose`` over many steps [n, k] without limits; int64 [n]. Ties go to the cheaper tier.

    ``weight`` is one for all steps, or float64 [n, 1].
    """
    return np.asarray((p_success - weight * cost_usd).argmax(axis=1))


def _unsupported_reason(terms: Terms) -> Reason:
    of = f" for {terms.origin}" if terms.origin else ""
    if terms.missing:
        return Reason("no_evidence", f"Nothing is certified{of}: {terms.missing}.")
    text = f"The training log cannot support a quality loss of {terms.point.max_quality_loss:.1%}{of}."
    return Reason("unsupported", text)


def _learned_reason(tier: int, outlook: Outlook, allowed: TierRange, terms: Terms, what: str) -> Reason:
    p_success, cost_usd, top = outlook.p_success, outlook.cost_usd, allowed.high
    of = f" Certified for {terms.origin}." if terms.origin else ""
    if tier == top:
        text = f"Only the dearest open tier is worth it: {p_success[tier]:.0%} expected {what}.{of}"
        return Reason("learned_top", text)
    gain = p_success[top] - p_success[tier]
    ratio = cost_usd[top] / max(cost_usd[tier], 1e-12)
    text = (
        f"{p_success[tier]:.0%} expected {what}; the top open tier adds {gain:+.1%} at {ratio:.3g} times the cost.{of}"
    )
    if allowed.raised_by and tier == allowed.low:
        return Reason("raised", f"{text} Raised by {allowed.raised_by}.")
    return Reason("learned", text)
