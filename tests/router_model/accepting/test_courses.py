"""What is ordered for a step, and what is done with the answers: each reason for a single shot, both ways to judge."""

import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.courses import AGREEMENT, LEARNED, Accepted, Course
from tierwise.data.records import Decision, Reason, Step
from tierwise.features.evidence import Answer
from tierwise.router_model.accepting.course_menu import CertifiedCourse, CourseMenu, single_shot
from tierwise.router_model.accepting.courses import Ordered, accepted, ordered_course
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.options import NO_OPTIONS, DecideOptions

TIERS = ["small", "mid", "frontier"]
STEP = Step("How much is 500 + 312?")
POLICY = Policy(
    (OperatingPoint(0.0, None, 0.0, 0.0, 0.0),), cost_scale_usd=1.0, confidence=0.9, n_steps=1,
    default_max_quality_loss=0.05,
)  # fmt: skip
DECISION = Decision(
    "mid", "learned", "v", Reason("learned", ""), expected_cost_usd={"small": 1.0, "mid": 4.0, "frontier": 16.0}
)
BOTH = CertifiedCourse(0.05, (0, 1), LEARNED, 0.1, 0.02, 0.5)
MENU = CourseMenu(None, (), (single_shot(0.02), BOTH), ())
SINGLE = Course(("mid",), "always", "frontier")


def ordered(
    catalogue: TierCatalogue,
    options: DecideOptions = NO_OPTIONS,
    decision: Decision = DECISION,
    menu: CourseMenu | None = MENU,
) -> Ordered:
    return ordered_course(STEP, decision, options, menu, catalogue, POLICY)


@pytest.mark.parametrize("options", [NO_OPTIONS, DecideOptions(max_quality_loss=0.5), DecideOptions(max_cost_usd=21.0)])
def test_a_certified_course_is_ordered(catalogue: TierCatalogue, options: DecideOptions) -> None:
    assert ordered(catalogue, options) == Ordered(Course(("small", "mid"), LEARNED, "frontier"), BOTH)


@pytest.mark.parametrize(
    "options",
    [
        DecideOptions(max_quality_loss=0.01),
        DecideOptions(max_quality_loss=0.04),
        DecideOptions(min_tier="mid"),
        DecideOptions(max_cost_usd=20.9),
    ],
    ids=["nothing certified", "a single shot saves more", "a tier is closed", "too dear"],
)
def test_where_no_course_may_run_the_single_shot_does(catalogue: TierCatalogue, options: DecideOptions) -> None:
    assert ordered(catalogue, options) == Ordered(SINGLE)


def test_a_course_needs_the_top_tier_open_and_a_decision_that_was_judged(catalogue: TierCatalogue) -> None:
    assert ordered(catalogue, DecideOptions(max_tier="mid")) == Ordered(replace(SINGLE, otherwise="mid"))
    assert ordered(catalogue, decision=replace(DECISION, is_fallback=True)) == Ordered(SINGLE)
    assert ordered(catalogue, decision=replace(DECISION, is_unfamiliar=True)) == Ordered(SINGLE)
    assert ordered(catalogue, menu=None) == Ordered(SINGLE)


def judged(accept: str, answers: Sequence[Answer], p_answer: list[float], p_lost: list[float]) -> Accepted:
    """By an acceptance that says ``p_answer`` and ``p_lost`` of the answers."""
    says = SimpleNamespace(p_answer=np.array(p_answer), p_lost=np.array(p_lost), p_top=np.full(len(p_answer), 0.99))
    acceptance = SimpleNamespace(
        schema=SimpleNamespace(tiers=TIERS, target="success", rows=lambda evidence, *_: evidence),
        columns_in=lambda _: [0],
        judge=lambda _: says,
    )
    probabilities = SimpleNamespace(p_success=np.array([[0.5, 0.6, 0.9]]))
    order = Ordered(Course(("small", "mid"), accept, "frontier"), replace(BOTH, accept=accept))
    vector = np.zeros((1, 1), dtype=np.float32)
    parts, prediction = SimpleNamespace(acceptance=acceptance), SimpleNamespace(probabilities=probabilities)
    return accepted(STEP, answers, order, cast(Any, parts), cast(Any, None), vector, cast(Any, prediction))


APART = [Answer("small", "812"), Answer("mid", "813")]
ALIKE = [Answer("small", "812"), Answer("mid", "812.0")]


def test_the_answer_with_the_best_chance_is_used_where_its_expected_loss_is_certified() -> None:
    found = judged(LEARNED, APART, [0.6, 0.9], [0.3, 0.1])
    assert (found.accept, found.ask, found.reason.code) == ("mid", None, LEARNED)
    assert judged(LEARNED, APART, [0.9, 0.9], [0.1, 0.0]).accept == "small", "of equal ones the cheaper"
    doubtful = judged(LEARNED, ALIKE, [0.6, 0.9], [0.0, 0.11])
    assert (doubtful.accept, doubtful.ask, doubtful.reason.code) == (None, "frontier", "doubtful")


def test_agreement_asks_for_the_same_answer_and_for_nothing_else() -> None:
    same = judged(AGREEMENT, ALIKE, [0.1, 0.2], [0.9, 0.9])
    assert (same.accept, same.is_same, same.reason.code) == ("small", True, "agree")
    apart = judged(AGREEMENT, APART, [0.99, 0.99], [0.0, 0.0])
    assert (apart.accept, apart.ask, apart.is_same) == (None, "frontier", False)


TIMED = replace(MENU, latency_ms=(400.0, 900.0, 2000.0))


@pytest.mark.parametrize(
    ("menu", "max_latency_ms", "is_ordered"),
    [
        (TIMED, 2900.0, True),  # side by side, then the top tier
        (TIMED, 2899.0, False),
        (TIMED, 0.0, False),
        (replace(TIMED, latency_ms=(400.0, 900.0, None)), 1e9, False),
        (replace(TIMED, latency_ms=(None, 900.0, 2000.0)), 1e9, False),
        (MENU, 1e9, False),  # trained before calls were timed
    ],
)
def test_a_course_that_may_take_too_long_or_nobody_knows_how_long_is_not_ordered(
    catalogue: TierCatalogue, menu: CourseMenu, max_latency_ms: float, is_ordered: bool
) -> None:
    found = ordered(catalogue, DecideOptions(max_latency_ms=max_latency_ms), menu=menu)
    assert found == (Ordered(Course(("small", "mid"), LEARNED, "frontier"), BOTH) if is_ordered else Ordered(SINGLE))


def test_only_tiers_that_are_asked_count_and_a_menu_keeps_its_times() -> None:
    assert TIMED.longest_ms((0,), 2) == 2400.0
    assert TIMED.longest_ms((), 1) == 900.0
    raw = json.loads(json.dumps(replace(TIMED, latency_ms=(400.0, None, 2000.0)).to_mapping()))
    assert CourseMenu.from_mapping(raw).latency_ms == (400.0, None, 2000.0)
    del raw["latency_ms"]
    assert CourseMenu.from_mapping(raw).latency_ms == ()
