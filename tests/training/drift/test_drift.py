"""Drift: silent on a steady log however often one looks, and each kind of change is found and named."""

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Attempt, Decision, LoggedDecision, LoggedStep, Reason, Step, Tool
from tierwise.router_model.router import Router
from tierwise.training.drift import measure_drift
from tierwise.training.drift.attempts import calibration_findings
from tierwise.training.drift.finding import DriftSettings
from tierwise.training.drift.steps import feature_findings
from tierwise.training.errors import TrainingError

TIERS = ("small", "mid", "frontier")


def a_log(n_steps: int, seed: int, p_small: float = 0.7, price: float = 1.0) -> list[LoggedStep]:
    """Steps of two kinds; half of the attempts on small, half on mid."""
    rng = np.random.default_rng(seed)
    steps = []
    for row in range(n_steps):
        tier = "small" if rng.random() < 0.5 else "mid"
        success = bool(rng.random() < (p_small if tier == "small" else 0.9))
        cost_usd = price * {"small": 300.0, "mid": 1200.0}[tier] / 1e6
        attempt = Attempt(tier, f"{tier}-1", success, input_tokens=100, output_tokens=100, cost_usd=cost_usd)
        kind = "extract" if rng.random() < 0.6 else "reason"
        step = Step("x", task_type=kind, agent="a", node=f"n-{kind}", tools=(Tool("search"),))
        steps.append(LoggedStep(f"s{row}", step, (attempt,), task_id=f"t{row // 3}", timestamp=float(row)))
    return steps


def drifted(reference: list[LoggedStep], current: list[LoggedStep], catalogue: TierCatalogue) -> set[tuple[str, str]]:
    return {(f.kind, f.name) for f in measure_drift(reference, current, catalogue).drifted}


@pytest.mark.slow
def test_two_halves_of_a_steady_log_never_drift(catalogue: TierCatalogue) -> None:
    for seed in range(25):
        assert drifted(a_log(300, seed), a_log(150, 1000 + seed), catalogue) == set()


def test_a_tier_that_degrades_silently_is_found(catalogue: TierCatalogue) -> None:
    assert drifted(a_log(300, 5), a_log(200, 1, p_small=0.3), catalogue) == {("outcome", "small")}


def test_what_drifts_stands_first(catalogue: TierCatalogue) -> None:
    found = measure_drift(a_log(300, 5), a_log(200, 1, price=1.5), catalogue).findings
    flags = [finding.is_drift for finding in found]
    assert flags == sorted(flags, reverse=True)
    assert 0 < sum(flags) < len(flags)


def test_a_changed_price_is_found_against_before_and_against_the_catalogue(catalogue: TierCatalogue) -> None:
    dearer = a_log(200, 1, price=1.5)
    assert drifted(a_log(300, 5), dearer, catalogue) == {("price", "small"), ("price", "mid")}
    unpriced = [replace(s, attempts=tuple(replace(a, cost_usd=None) for a in s.attempts)) for s in a_log(300, 5)]
    assert drifted(unpriced, dearer, catalogue) == {("price", "small"), ("price", "mid")}


def test_another_model_behind_a_tier_is_found(catalogue: TierCatalogue) -> None:
    swapped = [replace(s, attempts=tuple(replace(a, model=f"{a.tier}-2") for a in s.attempts)) for s in a_log(200, 1)]
    assert drifted(a_log(300, 5), swapped, catalogue) == {("model", "small small-2"), ("model", "mid mid-2")}


def test_new_agents_nodes_and_tools_are_named_and_move_the_mix(catalogue: TierCatalogue) -> None:
    current = a_log(200, 1)
    for row in range(40):
        step = replace(current[row].step, agent="new-agent", tools=(Tool("pay"),))
        current[row] = replace(current[row], step=step)
    found = drifted(a_log(300, 5), current, catalogue)
    assert found == {("new", "agent new-agent"), ("new", "tool pay"), ("mix", "agent"), ("mix", "tool")}


def test_calibration_drift_is_told_from_a_change_of_the_mix() -> None:
    """Success falls because harder steps come, and the router knew: no drift of the calibration."""
    steps = a_log(400, 0, p_small=0.3)
    for p_small, expected in ((0.3, []), (0.7, ["small"])):
        decision = Decision("small", "learned", "v", Reason("", ""), p_success={"small": p_small, "mid": 0.9})
        found = calibration_findings(steps, [decision] * len(steps), TIERS, DriftSettings())
        assert [finding.name for finding in found if finding.is_drift] == expected


def test_a_feature_that_moves_is_named() -> None:
    rng = np.random.default_rng(0)
    before, now = (rng.normal(size=(400, 3)).astype(np.float32) for _ in range(2))
    assert [f.is_drift for f in feature_findings(before, now, ("a", "b", "c"), DriftSettings())] == [False]
    now[:, 1] += 1.0
    found = feature_findings(before, now, ("a", "b", "c"), DriftSettings())
    assert [(f.name, f.is_drift) for f in found] == [("b", True)]


def test_the_report_is_json_and_names_its_windows(catalogue: TierCatalogue) -> None:
    report = measure_drift(a_log(100, 0), a_log(50, 1), catalogue).to_dict()
    assert json.loads(json.dumps(report, allow_nan=False))["n_current"] == 50


@pytest.mark.slow
def test_with_a_router_the_features_of_both_windows_and_its_promise_are_looked_at(
    router: Router, train_steps: Sequence[LoggedStep], sample_catalogue: TierCatalogue
) -> None:
    reference, current = list(train_steps[:100]), list(train_steps[100:200])
    longer = [replace(each, step=replace(each.step, text=each.step.text * 20)) for each in current]
    decided = LoggedDecision("d-1", "frontier", "learned", extra={"router_version": router.version})
    longer[0] = replace(longer[0], decision=decided)
    for windows, has_moved in (((reference, current), False), ((reference, longer), True), ((longer, current), True)):
        report = measure_drift(*windows, sample_catalogue, router)
        assert report.router_version == router.version
        assert any(f.kind == "feature" and f.is_drift for f in report.findings) is has_moved
        assert any(f.kind == "promise" for f in report.findings) is has_moved


def test_too_few_steps_are_refused(catalogue: TierCatalogue) -> None:
    with pytest.raises(TrainingError, match="the current window has 10 steps; 30 are needed: move --since"):
        measure_drift(a_log(100, 0), a_log(10, 1), catalogue)
    with pytest.raises(TrainingError, match="alpha is 2; a number between 0 and 1"):
        DriftSettings(alpha=2)
