"""Trouble inside the router: the caller always gets a decision, and the steps beside it get theirs."""

import logging
from dataclasses import replace
from typing import Any, cast

import pytest

from tierwise.data.errors import RecordError
from tierwise.data.records import Step
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router

BROKEN = Step(text=cast(Any, 42))
"""What a caller without type checks may pass."""


def test_a_broken_step_gets_the_dearest_open_tier_and_a_reason(
    router: Router, caplog: pytest.LogCaptureFixture
) -> None:
    fresh = Router(router.parts, router.version)  # trouble of one kind is told once a minute
    with caplog.at_level(logging.ERROR):
        decision = fresh.decide(BROKEN)
    assert (decision.tier, decision.is_fallback, decision.reason.code) == ("frontier", True, "trouble")
    assert decision.router_version == router.version
    assert "the router failed; the fallback tier is used" in caplog.text


def test_the_fallback_stays_within_what_is_open(router: Router) -> None:
    assert router.decide(BROKEN, DecideOptions(max_tier="small")).tier == "small"
    assert router.guarded(Guardrails(max_tier="mid")).decide(BROKEN).tier == "mid"


def test_one_broken_step_costs_the_others_of_a_batch_nothing(router: Router) -> None:
    sound = [Step(text="Extract the total.", task_type="extract"), Step(text="Plan it.", task_type="plan")]
    found = router.decide_many([sound[0], BROKEN, sound[1]])
    assert [decision.is_fallback for decision in found] == [False, True, False]
    assert [found[0], found[2]] == router.decide_many(sound)


def test_options_that_cannot_be_honoured_are_the_callers_trouble(router: Router) -> None:
    with pytest.raises(RecordError, match=r"options\.max_tier: is 'huge'"):
        router.decide(BROKEN, DecideOptions(max_tier="huge"))


def test_a_router_whose_parts_broke_after_loading_falls_back(router: Router) -> None:
    broken = Router(router.parts, "broken")
    broken.parts = replace(router.parts, familiarity=cast(Any, None))
    assert broken.decide(Step(text="a", task_type="extract")).is_fallback
