"""What the rules would have cost on the same steps, and what each quality target would choose, as the router expects.

Both look at the newest decisions that carry the router's expectations. They are predictions for steps that took another
path, not measurements; the Quality page shows what was measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log.views.search import Sampled
from tierwise.data.intervals import ClusterSums, Interval, saving_interval
from tierwise.data.records import Step
from tierwise.router_model.guardrails import Guardrails
from tierwise.router_model.operating_point import OperatingPoint
from tierwise.router_model.policy import Policy, choose_all
from tierwise.router_model.rules import RulesRouter


@dataclass(frozen=True, slots=True)
class AgainstRules:
    """The served decisions beside the rules: expected cost saved, and expected success of both."""

    n: int
    saving: Interval | None
    p_success: float
    p_success_rules: float
    rules_split: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """What one operating point would do with recent steps: shares by tier, expected cost of a thousand and success."""

    point: OperatingPoint
    split: Mapping[str, float]
    cost_usd: float
    top_usd: float
    p_success: float
    p_success_top: float
    n: int

    @property
    def saving(self) -> float:
        return 1 - self.cost_usd / self.top_usd if self.top_usd else 0.0


def against_rules(sample: Sequence[Sampled], catalogue: TierCatalogue, guardrails: Guardrails) -> AgainstRules | None:
    """None when no decision of the sample carries expectations."""
    known = [each for each in sample if _has_expectations(each, catalogue)]
    if not known:
        return None
    rules = RulesRouter(catalogue, guardrails)
    ruled = [rules.decide(_visible_step(each)).tier for each in known]
    pairs = list(zip(known, ruled, strict=True))
    return AgainstRules(
        n=len(known),
        saving=_saving(known, [each.expected_cost_usd[each.tier] for each in known], _expected(pairs)),
        p_success=float(np.mean([each.p_success[each.tier] for each in known])),
        p_success_rules=float(np.mean([each.p_success[tier] for each, tier in pairs])),
        rules_split={name: ruled.count(name) / len(ruled) for name in catalogue.names},
    )


def targets(sample: Sequence[Sampled], catalogue: TierCatalogue, policy: Policy) -> list[Target]:
    """Every operating point of ``policy`` on the sample, without guardrails; none without expectations."""
    known = [each for each in sample if _has_expectations(each, catalogue)]
    if not known:
        return []
    p_success = _matrix(known, catalogue, lambda each: each.p_success)
    cost_usd = _matrix(known, catalogue, lambda each: each.expected_cost_usd)
    is_unfamiliar = np.array([each.is_unfamiliar for each in known])
    return [_target(point, policy, p_success, cost_usd, is_unfamiliar, catalogue) for point in policy.points]


def _target(
    point: OperatingPoint,
    policy: Policy,
    p_success: np.ndarray,
    cost_usd: np.ndarray,
    is_unfamiliar: np.ndarray,
    catalogue: TierCatalogue,
) -> Target:
    n, top = len(p_success), len(catalogue) - 1
    chosen = np.full(n, top)
    if point.cost_weight is not None:
        chosen = choose_all(p_success, cost_usd, point.cost_weight / policy.cost_scale_usd)
        chosen = np.where(is_unfamiliar, top, chosen)
    rows = np.arange(n)
    return Target(
        point=point,
        split={name: float((chosen == tier).mean()) for tier, name in enumerate(catalogue.names)},
        cost_usd=float(cost_usd[rows, chosen].mean()),
        top_usd=float(cost_usd[:, top].mean()),
        p_success=float(p_success[rows, chosen].mean()),
        p_success_top=float(p_success[:, top].mean()),
        n=n,
    )


def _matrix(
    known: Sequence[Sampled], catalogue: TierCatalogue, of: Callable[[Sampled], Mapping[str, float]]
) -> np.ndarray:
    return np.array([[of(each)[name] for name in catalogue.names] for each in known])


def _expected(pairs: Sequence[tuple[Sampled, str]]) -> list[float]:
    return [each.expected_cost_usd[tier] for each, tier in pairs]


def _saving(known: Sequence[Sampled], paid_usd: Sequence[float], rules_usd: Sequence[float]) -> Interval | None:
    clusters: dict[str, list[float]] = {}
    for each, paid, ruled in zip(known, paid_usd, rules_usd, strict=True):
        sums = clusters.setdefault(each.task_id or each.decision_id, [0.0, 0.0])
        sums[0] += paid
        sums[1] += ruled
    x, y = np.array(list(clusters.values())).T
    products = [float((a * b).sum()) for a, b in ((x, x), (y, y), (x, y))]
    return saving_interval(ClusterSums(len(known), len(clusters), float(x.sum()), float(y.sum()), *products))


def _has_expectations(each: Sampled, catalogue: TierCatalogue) -> bool:
    return all(name in each.p_success and name in each.expected_cost_usd for name in catalogue.names)


def _visible_step(each: Sampled) -> Step:
    """As much of the step as the rules look at."""
    return Step(
        task_type=each.task_type,
        input_complexity=each.input_complexity,
        requires_judgment=each.requires_judgment,
        human_visible=each.human_visible,
    )
