"""What the attempts tell, tier by tier: success, calibration, prices and models. Only first attempts count: what an
escalation tries next, it tries on steps that failed before."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy import stats

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import Attempt, Decision, LoggedStep
from tierwise.training.drift.finding import DriftSettings, Finding
from tierwise.training.evaluation.bootstrap import FloatArray, sums_by_group
from tierwise.training.evaluation.costs import list_price_usd
from tierwise.training.evaluation.outcomes import group_codes

_MIN_ATTEMPTS = 20


def outcome_findings(
    reference: Sequence[LoggedStep], current: Sequence[LoggedStep], tiers: Sequence[str], settings: DriftSettings
) -> list[Finding]:
    """The success rate of each tier then and now (Fisher's exact test)."""
    found = []
    for tier in tiers:
        before, now = _successes(reference, tier), _successes(current, tier)
        if min(len(before), len(now)) < _MIN_ATTEMPTS:
            continue
        table = [[sum(before), len(before) - sum(before)], [sum(now), len(now) - sum(now)]]
        p_value = float(stats.fisher_exact(table).pvalue)
        change = float(np.mean(now) - np.mean(before))
        is_drift = abs(change) >= settings.min_rate_change and p_value < settings.alpha
        text = f"{tier} succeeds on {np.mean(now):.0%} of its steps, {np.mean(before):.0%} before"
        found.append(Finding("outcome", tier, change, is_drift, text, p_value))
    return found


def calibration_findings(
    current: Sequence[LoggedStep], decisions: Sequence[Decision], tiers: Sequence[str], settings: DriftSettings
) -> list[Finding]:
    """How far success lies from what the router predicts for the very same steps, whole tasks taken together.

    Unlike a success rate, this does not move when other kinds of steps come, only when a tier does otherwise.
    """
    found = []
    codes = group_codes([split_unit(logged) for logged in current], len(current))
    for tier in tiers:
        gaps = np.array([_gap(step, d, tier) for step, d in zip(current, decisions, strict=True)], dtype=np.float64)
        known = ~np.isnan(gaps)
        if known.sum() < _MIN_ATTEMPTS:
            continue
        change, p_value = _mean_and_p(gaps[known], np.unique(codes[known], return_inverse=True)[1].astype(np.int64))
        is_drift = abs(change) >= settings.min_calibration_gap and p_value < settings.alpha
        text = f"{tier} succeeds {change:+.0%} against what the router predicts for the same {known.sum()} steps"
        found.append(Finding("calibration", tier, change, is_drift, text, p_value))
    return found


def price_findings(
    reference: Sequence[LoggedStep], current: Sequence[LoggedStep], catalogue: TierCatalogue, settings: DriftSettings
) -> list[Finding]:
    """What a tier's tokens cost against the catalogue, then and now, and which models answer for it."""
    found = []
    for tier in catalogue.names:
        before, now = (_relative_prices(of, tier, catalogue) for of in (reference, current))
        if len(now) >= _MIN_ATTEMPTS:
            base = float(np.median(before)) if len(before) >= _MIN_ATTEMPTS else 1.0
            change = float(np.median(now)) / base - 1
            against = "before" if len(before) >= _MIN_ATTEMPTS else "the catalogue"
            text = f"{tier} costs {change:+.0%} against {against}, token by token"
            found.append(Finding("price", tier, change, abs(change) >= settings.min_price_change, text))
        found += _new_models(reference, current, tier, settings)
    return found


def _new_models(
    reference: Sequence[LoggedStep], current: Sequence[LoggedStep], tier: str, settings: DriftSettings
) -> list[Finding]:
    before, now = (Counter(a.model for a in _attempts(of, tier) if a.model) for of in (reference, current))
    found = []
    for model in sorted(set(now) - set(before)) if before else ():
        share = now[model] / max(1, sum(now.values()))
        text = f"{tier} is answered by '{model}' now ({share:.0%}); it never was before"
        found.append(Finding("model", f"{tier} {model}", share, share >= settings.min_new_share, text))
    return found


def _attempts(steps: Sequence[LoggedStep], tier: str) -> list[Attempt]:
    return [attempt for logged in steps for attempt in logged.attempts if attempt.tier == tier]


def _successes(steps: Sequence[LoggedStep], tier: str) -> list[int]:
    firsts = (logged.attempts[0] for logged in steps if logged.attempts)
    return [int(first.success) for first in firsts if first.tier == tier and first.success is not None]


def _gap(logged: LoggedStep, decision: Decision, tier: str) -> float:
    """Success minus prediction of the first attempt; NaN when it was on another tier or anything is unknown."""
    first = logged.attempts[0] if logged.attempts else None
    p_success = decision.p_success.get(tier)
    if first is None or first.tier != tier or first.success is None or p_success is None:
        return float("nan")
    return float(first.success) - p_success


def _mean_and_p(values: FloatArray, groups: np.ndarray) -> tuple[float, float]:
    """The mean and the p-value of its being 0, with an error that lets values of a group depend on each other."""
    mean = float(values.mean())
    totals = sums_by_group((values - mean)[:, None], groups)[:, 0]
    n_groups = len(totals)
    if n_groups < 2:
        return mean, 1.0
    error = float(np.sqrt((totals**2).sum() * n_groups / (n_groups - 1)) / len(values))
    if error == 0:
        return mean, float(mean == 0)
    return mean, float(2 * stats.t.sf(abs(mean) / error, n_groups - 1))


def _relative_prices(steps: Sequence[LoggedStep], tier: str, catalogue: TierCatalogue) -> FloatArray:
    """Logged cost over the list price of the same tokens, of attempts that know both."""
    known = [(a.cost_usd, list_price_usd(a, catalogue)) for a in _attempts(steps, tier) if a.cost_usd is not None]
    return np.array([cost / listed for cost, listed in known if listed > 0], dtype=np.float64)
