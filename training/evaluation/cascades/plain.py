"""What anyone could do without learning: one model for all, a random mix of tiers, cascades that look at no step.

A router that does not beat these is not worth its keep, so they stand in every table. The best of them is picked
afterwards, on the very steps that it is measured on; that flatters it, never the router.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Attempt, LoggedStep
from tierwise.training.evaluation.bootstrap import Bootstrap, FloatArray
from tierwise.training.evaluation.costs import list_price_usd
from tierwise.training.evaluation.full_information import ChoiceReport, evaluate_choice
from tierwise.training.evaluation.hull import upper_hull
from tierwise.training.evaluation.outcomes import FullOutcomes

MIN_MODEL_STEPS = 30
CATCH_RATES = (1.0, 0.8)
MAX_TIERS_WITH_ALL_SKIPS = 4


def best_mix(outcomes: FullOutcomes, success: float) -> FloatArray:
    """float64 [k]: the shares of the cheapest random mix of tiers with as much ``success``, a share of the steps.

    Where even the most successful tier has less, all of it; where the cheapest has more, all of that.
    """
    weights = outcomes.weights / outcomes.weights.sum()
    cost_usd, rate = weights @ outcomes.cost_usd, weights @ outcomes.success
    hull = upper_hull(cost_usd, rate)
    hull = hull[: int(rate[hull].argmax()) + 1]
    shares = np.zeros(outcomes.n_tiers)
    above = int(np.searchsorted(rate[hull], success - 1e-12))
    if above in (0, len(hull)):
        shares[hull[min(above, len(hull) - 1)]] = 1.0
        return shares
    low, high = hull[above - 1], hull[above]
    shares[high] = np.clip((success - rate[low]) / (rate[high] - rate[low]), 0.0, 1.0)
    shares[low] = 1 - shares[high]
    return shares


def plain_paths(n_tiers: int) -> list[tuple[int, ...]]:
    """Every cascade up to the top tier that starts below it: from each tier, with each skip.

    With more than four tiers only those that skip nothing and those that go to the top at once.

    >>> plain_paths(3)
    [(0, 1, 2), (0, 2), (1, 2)]
    """
    top = n_tiers - 1
    if n_tiers > MAX_TIERS_WITH_ALL_SKIPS:
        paths = {(*range(start, top), top) for start in range(top)} | {(start, top) for start in range(top)}
        return sorted(paths, key=lambda path: (path[0], -len(path)))
    below = [path for size in range(top, 0, -1) for path in combinations(range(top), size)]
    return [(*path, top) for path in sorted(below, key=lambda path: (path[0], -len(path), path))]


def evaluate_models(
    steps: Sequence[LoggedStep], catalogue: TierCatalogue, outcomes: FullOutcomes, bootstrap: Bootstrap
) -> dict[str, ChoiceReport]:
    """Always the same model, by ``always-TIER: MODEL``, where several models of a tier stand in the log.

    Each is measured on the complete steps that it ran on, 30 or more, against the top tier on the same steps.
    """
    found: dict[str, ChoiceReport] = {}
    for tier, name in enumerate(catalogue.names):
        columns = _outcomes_by_model([steps[row] for row in outcomes.rows], catalogue, name)
        if len(columns) < 2:
            continue
        for model, column in sorted(columns.items()):
            ran = np.asarray(~np.isnan(column).any(axis=1))
            if ran.sum() >= MIN_MODEL_STEPS:
                found[f"always-{name}: {model}"] = _measure(outcomes.take(ran), column[ran], tier, bootstrap)
    return found


def _outcomes_by_model(steps: Sequence[LoggedStep], catalogue: TierCatalogue, tier: str) -> dict[str, FloatArray]:
    """float64 [n, 2] a model: success and cost of its first attempt with a known outcome, NaN where there is none."""
    columns: dict[str, FloatArray] = {}
    for row, logged in enumerate(steps):
        for attempt in logged.attempts:
            if attempt.tier != tier or attempt.model is None or attempt.success is None:
                continue
            column = columns.setdefault(attempt.model, np.full((len(steps), 2), np.nan))
            if np.isnan(column[row, 0]):
                column[row] = float(attempt.success), _cost_usd(attempt, catalogue)
    return columns


def _cost_usd(attempt: Attempt, catalogue: TierCatalogue) -> float:
    """As logged, else from tokens at list prices; what a cache answered for nothing is priced too."""
    is_paid = attempt.cost_usd is not None and not attempt.extra.get("cache_hit")
    return float(attempt.cost_usd or 0.0) if is_paid else list_price_usd(attempt, catalogue)


def _measure(outcomes: FullOutcomes, column: FloatArray, tier: int, bootstrap: Bootstrap) -> ChoiceReport:
    """The model goes below all tiers as one more; its tier shares are those of its tier."""
    wider = replace(
        outcomes,
        success=np.column_stack([column[:, 0], outcomes.success]),
        cost_usd=np.column_stack([column[:, 1], outcomes.cost_usd]),
    )
    report = evaluate_choice(wider, np.zeros(outcomes.n_logged, dtype=np.int64), bootstrap)
    model, *tiers = report.tier_shares
    tiers[tier] = model
    return replace(report, tier_shares=tuple(tiers))
