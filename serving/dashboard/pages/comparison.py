"""What the rules would have cost on the same steps, and what each quality target would choose, as the router expects.

Both look at the newest decisions that carry the router's expectations. They are predictions for steps that took another
path, not measurements; the Quality page shows what was measured.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.intervals import ClusterSums, Interval, saving_interval
from tierwise.data.decision_log.views.search import Sampled
from tierwise.data.records import Step
from tierwise.features.view import view_of
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.choosing.leaning import leaning
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.parts import part_value
from tierwise.router_model.choosing.policy import Policy
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
    """What one tolerated loss would do with recent steps: shares by tier, expected mean cost and success.

    ``point`` is the evidence of the whole policy. ``saving_relative`` counts each step's expected cost in its own on
    the top tier, as certification does by default.
    """

    point: OperatingPoint
    split: Mapping[str, float]
    cost_usd: float
    top_usd: float
    saving_relative: float
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
    ruled = [rules.decide(visible_step(each)).tier for each in known]
    pairs = list(zip(known, ruled, strict=True))
    return AgainstRules(
        n=len(known),
        saving=_saving(known, [each.expected_cost_usd[each.tier] for each in known], _expected(pairs)),
        p_success=float(np.mean([each.p_success[each.tier] for each in known])),
        p_success_rules=float(np.mean([each.p_success[tier] for each, tier in pairs])),
        rules_split={name: ruled.count(name) / len(ruled) for name in catalogue.names},
    )


def targets(sample: Sequence[Sampled], catalogue: TierCatalogue, policy: Policy) -> list[Target]:
    """Every tolerated loss of ``policy`` on the sample, without guardrails; none without expectations.

    What holds for a step goes by its part, as in :meth:`Policy.choose`, where the sample knows the field of the parts;
    elsewhere the step counts as one that does not say.
    """
    known = [each for each in sample if _has_expectations(each, catalogue)]
    if not known:
        return []
    p_success = _matrix(known, catalogue, lambda each: each.p_success)
    cost_usd = _matrix(known, catalogue, lambda each: each.expected_cost_usd)
    losses = [point.max_quality_loss for point in policy.points]
    steps = [visible_step(each) for each in known]
    leans = [leaning(view_of(step).text) if policy.spread else 0.0 for step in steps]
    rows: dict[str, list[int]] = {}
    for row, each in enumerate(known):
        if not each.is_unfamiliar:
            rows.setdefault(part_value(steps[row], policy.part_field), []).append(row)
    familiar = [(steps[of_part[0]], np.array(of_part)) for of_part in rows.values()]
    return [
        _target(
            replace(policy.certified(loss), max_quality_loss=loss),
            _chosen(familiar, leans, policy, loss, p_success, cost_usd),
            p_success,
            cost_usd,
            catalogue,
        )
        for loss in losses
    ]


def _chosen(
    familiar: Sequence[tuple[Step, np.ndarray]],
    leans: Sequence[float],
    policy: Policy,
    loss: float,
    p_success: np.ndarray,
    cost_usd: np.ndarray,
) -> np.ndarray:
    """int64 [n]: the rule of ``Policy.choose`` with the terms of each step's part; ``familiar`` holds a step of each
    part and the rows of all, and what it leaves out stays at the top tier."""
    n, n_tiers = p_success.shape
    top = n_tiers - 1
    chosen = np.full(n, top)
    for step, rows in familiar:
        terms = policy.terms(step, loss)
        if terms.point.cost_weight is None:
            continue
        top_usd = cost_usd[rows, top].tolist()
        weight = [policy.cost_weight(terms.point, usd, leans[row]) for row, usd in zip(rows, top_usd, strict=True)]
        tried = np.array([tier for tier in range(n_tiers) if terms.is_open(tier) or tier == top])
        worth = p_success[np.ix_(rows, tried)] - np.array(weight)[:, None] * cost_usd[np.ix_(rows, tried)]
        chosen[rows] = tried[worth.argmax(axis=1)]
    return chosen


def _target(
    point: OperatingPoint,
    chosen: np.ndarray,
    p_success: np.ndarray,
    cost_usd: np.ndarray,
    catalogue: TierCatalogue,
) -> Target:
    n, top = len(p_success), len(catalogue) - 1
    rows = np.arange(n)
    paid_usd, top_usd = cost_usd[rows, chosen], cost_usd[:, top]
    has_price = top_usd > 0
    return Target(
        point=point,
        split={name: float((chosen == tier).mean()) for tier, name in enumerate(catalogue.names)},
        cost_usd=float(paid_usd.mean()),
        top_usd=float(top_usd.mean()),
        saving_relative=1 - float((paid_usd[has_price] / top_usd[has_price]).mean()) if has_price.any() else 0.0,
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


def visible_step(each: Sampled) -> Step:
    """As much of the step as the log of decisions can be asked for at once: what the rules look at."""
    return Step(
        task_type=each.task_type,
        input_complexity=each.input_complexity,
        requires_judgment=each.requires_judgment,
        human_visible=each.human_visible,
    )
