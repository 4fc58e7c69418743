"""The policy: from probabilities and costs to a tier.

The tier with the highest ``p_success - cost_weight * expected_cost / cost_scale`` is chosen. The cost weight belongs
to an operating point that training certifies for a tolerated quality loss (:mod:`tierwise.training.operating_points`).
Where nothing could be certified, and on unfamiliar steps, the dearest tier that is open is chosen.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tierwise.data.records import Reason
from tierwise.router_model.escalation import Outlook
from tierwise.router_model.guardrails import Guardrails, TierRange
from tierwise.router_model.options import DecideOptions

DEFAULT_MAX_QUALITY_LOSS = 0.03


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """What was certified for one tolerated quality loss.

    ``cost_weight`` is None when the data do not support any point but "always the top tier". The rest is evidence from
    held-out steps: relative loss of success and saving against always-top, ``loss_upper`` its upper confidence bound.
    """

    max_quality_loss: float
    cost_weight: float | None
    loss: float
    loss_upper: float
    saving: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The index of the chosen tier, and why."""

    tier: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class Policy:
    """``points`` ascend by ``max_quality_loss``; ``cost_scale_usd`` is the mean expected cost of the top tier."""

    points: tuple[OperatingPoint, ...]
    cost_scale_usd: float
    confidence: float
    n_steps: int
    default_max_quality_loss: float = DEFAULT_MAX_QUALITY_LOSS
    guardrails: Guardrails = field(default_factory=Guardrails)

    def point(self, max_quality_loss: float | None) -> OperatingPoint:
        """The certified point with the largest loss up to the asked one; None asks for the default."""
        asked = self.default_max_quality_loss if max_quality_loss is None else max_quality_loss
        position = bisect_right([point.max_quality_loss for point in self.points], asked + 1e-9)
        return self.points[max(0, position - 1)]

    def choose(self, outlook: Outlook, allowed: TierRange, options: DecideOptions) -> Choice:
        """The tier for one step, or with ``options.catch_rate`` the tier to start on."""
        cost_usd, limit = outlook.cost_usd, options.max_cost_usd
        open_tiers = range(allowed.low, allowed.high + 1)
        candidates = [tier for tier in open_tiers if limit is None or cost_usd[tier] <= limit]
        cheapest = min(open_tiers, key=lambda tier: cost_usd[tier])
        if not candidates:
            text = f"No open tier is expected to cost {limit:g} USD or less; the cheapest open one is taken."
            return Choice(cheapest, Reason("max_cost", text))
        if options.catch_rate == 1 and allowed.high == len(cost_usd) - 1:
            text = "Every failure is caught and tried one tier up, which loses nothing; the cheapest start is taken."
            return Choice(cheapest, Reason("escalate", text))
        if outlook.is_unfamiliar:
            text = "The step is unlike those that the router learned from; the dearest open tier is taken."
            return Choice(candidates[-1], Reason("unfamiliar", text))
        point = self.point(options.max_quality_loss)
        if point.cost_weight is None:
            text = f"The training log cannot support a quality loss of {point.max_quality_loss:.1%}."
            return Choice(candidates[-1], Reason("unsupported", text))
        weight = point.cost_weight / self.cost_scale_usd
        tier = max(candidates, key=lambda t: (outlook.p_success[t] - weight * cost_usd[t], -t))
        return Choice(tier, _learned_reason(tier, outlook, allowed))

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``policy.json``."""
        slots = OperatingPoint.__dataclass_fields__
        rails = Guardrails.__dataclass_fields__
        return {
            "points": [{name: getattr(point, name) for name in slots} for point in self.points],
            "cost_scale_usd": self.cost_scale_usd,
            "confidence": self.confidence,
            "n_steps": self.n_steps,
            "default_max_quality_loss": self.default_max_quality_loss,
            "guardrails": {name: getattr(self.guardrails, name) for name in rails},
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Policy":
        return cls(
            points=tuple(OperatingPoint(**point) for point in raw["points"]),
            cost_scale_usd=float(raw["cost_scale_usd"]),
            confidence=float(raw["confidence"]),
            n_steps=int(raw["n_steps"]),
            default_max_quality_loss=float(raw["default_max_quality_loss"]),
            guardrails=Guardrails(**raw["guardrails"]),
        )


def choose_all(p_success: np.ndarray, cost_usd: np.ndarray, weight: float) -> np.ndarray:
    """The rule of ``Policy.choose`` over many steps [n, k] without limits; int64 [n]. Ties go to the cheaper tier."""
    return np.asarray((p_success - weight * cost_usd).argmax(axis=1))


def _learned_reason(tier: int, outlook: Outlook, allowed: TierRange) -> Reason:
    p_success, cost_usd, top = outlook.p_success, outlook.cost_usd, allowed.high
    if tier == top:
        text = f"Only the dearest open tier is worth it: {p_success[tier]:.0%} expected to succeed."
        return Reason("learned_top", text)
    gain = p_success[top] - p_success[tier]
    ratio = cost_usd[top] / max(cost_usd[tier], 1e-12)
    text = (
        f"{p_success[tier]:.0%} expected to succeed; the top open tier adds {gain:+.1%} at {ratio:.3g} times the cost."
    )
    if allowed.raised_by and tier == allowed.low:
        return Reason("raised", f"{text} Raised by {allowed.raised_by}.")
    return Reason("learned", text)
