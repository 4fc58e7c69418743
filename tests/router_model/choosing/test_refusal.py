"""The one line of a router that certifies nothing, and when it stays away."""

from dataclasses import replace

import pytest

from tierwise.router_model.choosing.operating_point import CATCH_RATES, OperatingPoint
from tierwise.router_model.choosing.parts import Part
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.choosing.refusal import nothing_certified
from tierwise.router_model.options import DecideOptions

NO = OperatingPoint(0.03, None, 0.0, 0.0, 0.0)
YES = OperatingPoint(0.03, 0.1, 0.01, 0.03, 0.5)
POLICY = Policy(points=(NO,), cost_scale_usd=1.0, confidence=0.9, n_steps=9)
PART = Part("extract", ("extract",), (NO,), (2,), 9, 9, 9.0)
CAUGHT = DecideOptions(catch_rate=0.8)


def cascades(point: OperatingPoint) -> tuple[tuple[OperatingPoint, ...], ...]:
    return tuple((point,) for _ in CATCH_RATES)


def test_the_line_says_what_is_missing_and_the_next_command() -> None:
    line = nothing_certified(replace(POLICY, missing="no tier below the top has outcomes"), "frontier")
    assert line is not None
    assert line.startswith(
        "Nothing is certified: no tier below the top has outcomes; every step stays with the top tier."
    )
    assert "`tierwise collect --compare frontier`" in line
    assert "\n" not in line


def test_without_a_word_of_the_policy_the_asked_loss_is_the_reason() -> None:
    assert "the log cannot support a quality loss of 3.0%;" in (nothing_certified(POLICY, "top") or "")
    asked = nothing_certified(POLICY, "top", DecideOptions(max_quality_loss=0.1))
    assert "the log cannot support a quality loss of 10.0%;" in (asked or "")


def test_parts_that_all_miss_the_same_name_it_and_one_that_is_supported_is_enough() -> None:
    missing = replace(PART, missing="too few outcomes")
    parts = replace(POLICY, parts=(missing, replace(missing, name="plan", values=("plan",))))
    assert "certified: too few outcomes;" in (nothing_certified(parts, "top") or "")
    assert nothing_certified(replace(POLICY, parts=(missing, replace(PART, points=(YES,)))), "top") is None
    assert nothing_certified(replace(POLICY, points=(YES,)), "top") is None


@pytest.mark.parametrize("started", [replace(NO, start=0), replace(NO, cost_weight=0.1)])
def test_a_certified_cascade_is_something_where_failures_are_caught(started: OperatingPoint) -> None:
    policy = replace(POLICY, cascades=cascades(started))
    assert nothing_certified(policy, "top", CAUGHT) is None
    assert nothing_certified(policy, "top") is not None
    assert nothing_certified(replace(POLICY, points=(YES,), cascades=cascades(NO)), "top", CAUGHT) is not None


def test_where_every_failure_is_caught_nothing_needs_to_be_certified() -> None:
    assert nothing_certified(POLICY, "top", DecideOptions(catch_rate=1.0)) is None
