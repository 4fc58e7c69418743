"""What the steps themselves tell: their features, their mix of kinds, and names that nobody has seen before."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.text import redact_name
from tierwise.training.drift.finding import DriftSettings, Finding

_MIN_EXPECTED = 5.0

_NAMES: dict[str, Callable[[LoggedStep], Iterable[str]]] = {
    "task type": lambda logged: _one(logged.step.task_type),
    "agent": lambda logged: _one(logged.step.agent),
    "node": lambda logged: _one(logged.step.node),
    "tool": lambda logged: {redact_name(tool.name) for tool in logged.step.tools},
}


def feature_findings(
    reference: NDArray[np.float32], current: NDArray[np.float32], names: Sequence[str], settings: DriftSettings
) -> list[Finding]:
    """The two-sample Kolmogorov-Smirnov test of every column, corrected for their number (Benjamini and Hochberg).

    ``reference`` float32 [n, d], ``current`` float32 [m, d]: vectors of the router's own pipeline. Only what drifted
    comes back, and the widest distance when nothing did.
    """
    tests = [stats.ks_2samp(reference[:, i], current[:, i], method="asymp") for i in range(reference.shape[1])]
    p_values = stats.false_discovery_control([float(test.pvalue) for test in tests])
    found = []
    for name, test, p_value in zip(names, tests, p_values, strict=True):
        distance = float(test.statistic)
        is_drift = bool(distance >= settings.min_feature_distance and p_value < settings.alpha)
        text = f"{name} is distributed differently (KS distance {distance:.2f})"
        found.append(Finding("feature", name, distance, is_drift, text, float(p_value)))
    found.sort(key=lambda finding: (not finding.is_drift, -finding.change))
    drifted = [finding for finding in found if finding.is_drift]
    return drifted or found[:1]


def mix_findings(
    reference: Sequence[LoggedStep], current: Sequence[LoggedStep], settings: DriftSettings
) -> list[Finding]:
    """How much the mix of task types, agents, nodes and tools moved, and which values are new."""
    found = []
    for dimension, names_of in _NAMES.items():
        before, now = (Counter(name for logged in of for name in names_of(logged)) for of in (reference, current))
        if not before and not now:
            continue
        found.append(_mix(dimension, before, now, settings))
        found += _new(dimension, before, current, names_of, settings)
    return found


def _mix(dimension: str, before: Counter[str], now: Counter[str], settings: DriftSettings) -> Finding:
    names = sorted(before | now)
    table = np.array([[counts[name] for name in names] for counts in (before, now)], dtype=np.float64)
    totals = np.maximum(table.sum(axis=1, keepdims=True), 1)
    change = float(np.abs(np.diff(table / totals, axis=0)).sum() / 2)
    p_value = _homogeneity(table)
    is_drift = bool(change >= settings.min_mix_change and p_value < settings.alpha)
    shift = (table / totals)[1] - (table / totals)[0]
    most = names[int(np.abs(shift).argmax())]
    text = f"{change:.0%} of the steps moved to another {dimension}, most: '{most}' {shift[names.index(most)]:+.0%}"
    return Finding("mix", dimension, change, is_drift, text, p_value)


def _homogeneity(table: NDArray[np.float64]) -> float:
    """The chi-square test of two rows of counts, rare columns taken together; 1 where there is nothing to test."""
    expected = table.sum(axis=0) * table.sum(axis=1).min() / max(table.sum(), 1)
    common = table[:, expected >= _MIN_EXPECTED]
    rare = table[:, expected < _MIN_EXPECTED].sum(axis=1, keepdims=True)
    pooled = np.hstack([common, rare]) if rare.sum() > 0 else common
    pooled = pooled[:, pooled.sum(axis=0) > 0]
    if pooled.shape[1] < 2 or (pooled.sum(axis=1) == 0).any():
        return 1.0
    return float(stats.chi2_contingency(pooled).pvalue)


def _new(
    dimension: str,
    before: Counter[str],
    current: Sequence[LoggedStep],
    names_of: Callable[[LoggedStep], Iterable[str]],
    settings: DriftSettings,
) -> list[Finding]:
    shares = Counter(name for logged in current for name in set(names_of(logged)) if name not in before)
    found = []
    for name, count in shares.most_common(10):
        share = count / len(current)
        text = f"{dimension} '{name}' was never seen before; {count} steps, {share:.1%}"
        found.append(Finding("new", f"{dimension} {name}", share, share >= settings.min_new_share, text))
    return found


def _one(name: str | None) -> tuple[str, ...]:
    return () if name is None else (redact_name(name),)
