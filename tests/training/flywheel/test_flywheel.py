"""The circle on a real MLflow store: retrain, gates, promotion, rollback, and everything that is refused."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.training.flywheel.conftest import SETTINGS, world_log
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.decision_log import DecisionLog
from tierwise.data.records import LoggedStep
from tierwise.router_model.router import Router
from tierwise.training.flywheel.errors import FlywheelError
from tierwise.training.flywheel.promotion import Grounds, promote, rollback
from tierwise.training.flywheel.registry import Registry
from tierwise.training.flywheel.retrain import retrain

pytestmark = pytest.mark.slow  # making an MLflow store takes seconds
ADA = Grounds("ada", "it is better")


def test_too_little_to_learn_from_is_refused_with_the_numbers(
    registry: Registry, catalogue: TierCatalogue, tmp_path: Path
) -> None:
    with pytest.raises(FlywheelError, match=r"30 steps with a known outcome and 50 are needed; 2 left out: before"):
        retrain(world_log(32), catalogue, registry, tmp_path / "out", SETTINGS, since=2 * 3600.0)
    timeless = [replace(step, timestamp=None) for step in world_log(200)]
    with pytest.raises(FlywheelError, match="part into 200 to train on and 0 to measure on"):
        retrain(timeless, catalogue, registry, tmp_path / "out", SETTINGS)
    assert registry.versions() == []


def test_without_challenger_or_champion_nothing_moves(registry: Registry, decision_log: DecisionLog) -> None:
    with pytest.raises(FlywheelError, match="'router' has no challenger; make one"):
        promote(registry, decision_log, ADA)
    with pytest.raises(FlywheelError, match="'router' has no champion; there is nothing to roll back"):
        rollback(registry, decision_log, ADA)
    with pytest.raises(FlywheelError, match="'router' has no version 7"):
        promote(registry, decision_log, ADA, "7")
    assert decision_log.audit() == ()


def test_outcomes_as_people_report_them_have_a_cost_by_their_tokens(registry: Registry, tmp_path: Path) -> None:
    """``success`` and tokens, as in the README: no cost in the whole log."""
    tiers = [
        {"name": name, "models": [{"name": name, "input_usd_per_mtok": usd, "output_usd_per_mtok": 2 * usd}]}
        for name, usd in (("small", 0.2), ("mid", 1.0), ("frontier", 5.0))
    ]
    reported = [
        replace(
            step,
            attempts=tuple(
                replace(a, cost_usd=None, cost_is_estimate=False, input_tokens=812, output_tokens=64)
                for a in step.attempts
            ),
        )
        for step in world_log(400)
    ]
    done = retrain(reported, TierCatalogue.from_mapping({"tiers": tiers}), registry, tmp_path / "a", SETTINGS)
    assert done.contest is not None
    assert {gate.name for gate in done.gates} >= {"golden rows"}


def test_the_circle(registry: Registry, catalogue: TierCatalogue, decision_log: DecisionLog, tmp_path: Path) -> None:
    first = world_log(600)
    done = retrain(first, catalogue, registry, tmp_path / "a", SETTINGS)
    assert done.is_ready, [gate for gate in done.gates if not gate.is_passed]
    assert (done.version, done.incumbent) == ("1", "rules")
    assert json.loads((tmp_path / "a" / "report" / "gates.json").read_text())["snapshot"]["n_steps"] == 600

    again = retrain(first[::-1], catalogue, registry, tmp_path / "a", SETTINGS)
    assert (again.version, again.is_new) == ("1", False)
    with pytest.raises(FlywheelError, match="has 5 steps with a known outcome newer than 1970-01-25T23:00:00"):
        retrain([*first, *world_log(5, 9, 30 * 86_400.0)], catalogue, registry, tmp_path / "a", SETTINGS)

    assert promote(registry, decision_log, ADA).replaced is None
    assert registry.by_alias("challenger") is None
    with pytest.raises(FlywheelError, match="version 1 is the champion already"):
        promote(registry, decision_log, ADA, "1")

    second = world_log(600, 1, 25 * 86_400.0)
    poisoned = retrain(_poisoned(second), catalogue, registry, tmp_path / "b", SETTINGS)
    assert poisoned.incumbent == "version 1"
    assert {gate.name for gate in poisoned.gates if not gate.is_passed} & {"success", "calibration"}
    with pytest.raises(FlywheelError, match="version 2 did not pass: "):
        promote(registry, decision_log, ADA)
    forced = promote(registry, decision_log, Grounds("eve", "trust me", is_forced=True))
    assert (forced.version, forced.replaced) == ("2", "1")
    assert rollback(registry, decision_log, Grounds("ada", "it breaks")).version == "1"
    assert rollback(registry, decision_log, ADA).version is None
    assert registry.by_alias("champion") is None

    trail = decision_log.audit("router")
    assert [entry.action for entry in trail] == ["promote", "refuse", "refuse", "promote", "rollback", "rollback"]
    assert [entry.evidence["is_forced"] for entry in trail] == [False, False, False, True, False, False]
    assert trail[0].evidence["to"] == "1"
    assert trail[0].evidence["router_version"] == Router.load(registry.download("1")).version
    assert registry.version("2").tags["tierwise.rolled_back_because"] == "it breaks"


def _poisoned(steps: list[LoggedStep]) -> list[LoggedStep]:
    """The older three quarters claim that the cheapest tier always succeeds, and the others never do."""
    n_poisoned = int(0.75 * len(steps))
    return [_claims(step) if row < n_poisoned else step for row, step in enumerate(steps)]


def _claims(step: LoggedStep) -> LoggedStep:
    attempts = tuple(replace(attempt, success=attempt.tier == "small") for attempt in step.attempts)
    return replace(step, attempts=attempts)
