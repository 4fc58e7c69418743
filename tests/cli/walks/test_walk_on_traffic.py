"""The walk from traffic alone: observed, mirrored, certified, routed and audited, through a real service."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.walk.asked import Ask
from benchmarks.walk.live import mirrored, outcomes_of, served, told_on_certificate
from tests.cli.first_log import TOP as TOP_MODEL
from tests.cli.first_log import calls
from tests.cli.walks.test_walk import N_ROUTED, TOP, certified_at_3_percent, is_near_the_truth, place, provider
from tierwise.data.decision_log import DecisionLog

N_MIRRORED, N_TOLD = 600, 200
RunTierwise = Callable[..., Any]

__all__ = ["place"]
pytestmark = pytest.mark.slow


def asks(first: int, last: int) -> list[Ask]:
    return [Ask(prompt, answer) for prompt, answer in calls(last)[first:]]


def observe(tierwise: RunTierwise, stub_address: str) -> tuple[str, ...]:
    """Writes the tiers with the stub as provider; the options of a service on them that mirrors every call."""
    assert tierwise("init", "--model", TOP_MODEL).code == 0
    tiers = Path("tiers.toml")
    tiers.write_text(tiers.read_text().replace("https://api.openai.com/v1", f"{stub_address}/v1"), encoding="utf-8")
    return ("--tiers", "tiers.toml", "--mirror-usd-per-day", "2", "--mirror-share")


def certify(tierwise: RunTierwise) -> str:
    """What training says of the log that the service left."""
    trained = tierwise(
        "train", "--log", "sqlite:///.tierwise/decisions.db", "--tiers", "tiers.toml", "--target", "same-answer",
        "--no-track", "--out", "bundle",
    )  # fmt: skip
    assert trained.code == 0, trained.err
    return str(trained.err)


def test_traffic_alone_is_mirrored_certified_routed_and_audited(tierwise: RunTierwise, place: Path) -> None:
    with provider(0.01, N_MIRRORED + N_ROUTED) as stub:
        options = observe(tierwise, stub.address)
        with served(place, "--observe", *options, "1") as address:
            answered = mirrored(address, asks(0, N_TOLD), TOP_MODEL, n_cheaper=2)
            for tier in ("small", "mid"):
                assert is_near_the_truth(told_on_certificate(address, tier))
            answered += mirrored(address, asks(N_TOLD, N_MIRRORED), TOP_MODEL, n_cheaper=2)
            assert {each.tier for each in answered} == {TOP}
            for tier in ("small", "mid"):
                assert told_on_certificate(address, tier).endswith("enough for 3%")
        trained = certify(tierwise)
        assert certified_at_3_percent(trained) > 0.5, trained
        with served(place, "--bundle", "bundle", *options, "0.5") as address:
            routed = mirrored(address, asks(N_MIRRORED, N_MIRRORED + N_ROUTED), "auto", n_cheaper=0)
            cheap = [each for each in routed if each.tier != TOP]
            assert len(cheap) > N_ROUTED / 2
            wait_for(lambda: n_audited(address, [each.decision_id for each in cheap]) >= 5)
    with DecisionLog.open(f"sqlite:///{place}/.tierwise/decisions.db") as log:
        assert sum(len(step.attempts) > 1 for step in log.logged_steps()) >= N_MIRRORED + 5


def test_traffic_whose_cheap_answers_differ_in_a_tenth_is_never_certified_as_it_is(
    tierwise: RunTierwise, place: Path
) -> None:
    with provider(0.1, N_MIRRORED) as stub:
        options = observe(tierwise, stub.address)
        with served(place, "--observe", *options, "1") as address:
            mirrored(address, asks(0, N_MIRRORED), TOP_MODEL, n_cheaper=2)
            for tier in ("small", "mid"):
                assert "never at this rate of differences" in told_on_certificate(address, tier)
        trained = certify(tierwise)
    assert trained.count("never at this rate of differences") == 2
    assert certified_at_3_percent(trained) < 0.4, trained


def n_audited(address: str, decision_ids: list[str]) -> int:
    """Answers of cheaper tiers beside which the top tier's stands, and means the same."""
    found = [outcome for one in decision_ids for outcome in outcomes_of(address, one)]
    return sum(outcome["tier"] == TOP and outcome.get("is_same") is True for outcome in found)


def wait_for(claim: Callable[[], bool]) -> None:
    """Returns once the claim holds; the pace of tests bounds how long that may take."""
    while not claim():
        time.sleep(0.05)
