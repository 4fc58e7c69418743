"""Courses in a bundle: learned and certified where the log holds answers, and absent where it does not."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.shared import load_training
from tests.training.answered_world import answered_world
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import RecordError
from tierwise.data.records import Attempt, LoggedStep, Step, Tool
from tierwise.features.evidence import Answer
from tierwise.router_model.accepting.course_menu import CourseMenu
from tierwise.router_model.bundle import BundleError
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.same_answer import targeted
from tierwise.training.train import TrainedRouter, train_router

TIERS = ("small", "mid", "frontier")
FRESH = answered_world(400, seed=1)
OPTIONS = DecideOptions(max_quality_loss=0.05)


@pytest.fixture(scope="module")
def answered(answered_training: Path) -> TrainedRouter:
    return load_training(answered_training)


@pytest.fixture(scope="module")
def folder(answered_folder: Path) -> Path:
    return answered_folder


@pytest.fixture(scope="module")
def router(folder: Path) -> Router:
    return Router.load(folder)


def played(router: Router, logged: LoggedStep) -> tuple[str, float]:
    """The tier whose answer is used in the end, and what all calls cost."""
    by_tier = {attempt.tier: attempt for attempt in logged.attempts}
    course = router.course(logged.step, OPTIONS)
    answers = [Answer.of(by_tier[tier]) for tier in course.ask]
    asked = list(course.ask)
    found = router.accept(logged.step, answers, OPTIONS)
    if found.accept is None:
        assert found.ask is not None
        asked.append(found.ask)
    return found.accept or str(found.ask), sum(by_tier[tier].cost_usd or 0.0 for tier in asked)


@pytest.mark.slow
def test_a_log_with_answers_certifies_courses_that_survive_the_disk(answered: TrainedRouter, router: Router) -> None:
    assert answered.parts.courses is not None
    assert router.parts.courses is not None
    assert router.parts.courses.menu == answered.parts.courses.menu
    course = router.course(FRESH[0].step, OPTIONS)
    assert (course.ask, course.otherwise) == (("small", "mid"), "frontier")
    assert course.accept in ("learned", "agreement")


@pytest.mark.slow
def test_courses_keep_the_promise_on_fresh_steps_and_save_more_than_single_shots(router: Router) -> None:
    found = [played(router, logged) for logged in FRESH]
    right = [next(a.success for a in s.attempts if a.tier == tier) for s, (tier, _) in zip(FRESH, found, strict=True)]
    top = sum(bool(logged.attempts[-1].success) for logged in FRESH)
    assert 1 - sum(map(bool, right)) / top <= 0.05
    saved = 1 - sum(usd for _, usd in found) / (0.01 * len(FRESH))
    single = router.decide_many([logged.step for logged in FRESH], OPTIONS)
    n_top = sum(decision.tier == "frontier" for decision in single)
    assert saved > 1 - n_top / len(FRESH) + 0.1


def test_answers_that_agree_are_accepted_and_others_go_on(router: Router) -> None:
    step = FRESH[0].step
    same = router.accept(step, [Answer("small", "The answer is 7."), Answer("mid", "7")], OPTIONS)
    assert (same.accept in ("small", "mid"), same.ask, same.is_same) == (True, None, True)
    other = router.accept(step, [Answer("small", "The answer is 7."), Answer("mid", "812")], OPTIONS)
    assert (other.accept, other.ask, other.is_same) == (None, "frontier", False)
    assert set(other.p_success) == set(TIERS)
    assert other.p_success["small"] < same.p_success["small"]


def test_a_missing_answer_goes_on_and_the_last_resort_is_used(router: Router) -> None:
    step = FRESH[0].step
    alone = router.accept(step, [Answer("small", "The answer is 7.")], OPTIONS)
    assert (alone.ask, alone.reason.code) == ("frontier", "incomplete")
    top = router.accept(step, [Answer("small", "7"), Answer("frontier", "8")], OPTIONS)
    assert (top.accept, top.reason.code) == ("frontier", "top")


def test_limits_of_the_caller_leave_the_single_shot(router: Router) -> None:
    step = FRESH[0].step
    for options in (
        replace(OPTIONS, min_tier="mid"),
        replace(OPTIONS, max_tier="mid"),
        replace(OPTIONS, max_cost_usd=0.001),
        replace(OPTIONS, max_latency_ms=1e9),  # the log has no times
    ):
        course = router.course(step, options)
        assert (course.accept, len(course.ask)) == ("always", 1)
    assert router.course(step, replace(OPTIONS, catch_rate=0.9)).accept == "verified"


def test_unfamiliar_steps_ask_for_agreement_on_open_keys(router: Router) -> None:
    step = replace(FRESH[0].step, task_type="unheard_of")
    assert router.course(step, OPTIONS).accept == "agreement"
    found = router.accept(step, [Answer("small", "The answer is 7."), Answer("mid", "7")], OPTIONS)
    assert (found.accept, found.reason.code) == ("small", "agree")


def test_no_agreement_is_paid_for_where_answers_hardly_ever_agree_on_an_open_key(router: Router) -> None:
    """The log holds no choices and no drafts; calls may agree by their nature."""
    assert router.parts.courses is not None
    assert router.parts.courses.menu.unfamiliar_for is not None
    assert {"calls", "value"} <= set(router.parts.courses.menu.unfamiliar_for)
    unlike = replace(FRESH[0].step, task_type="unheard_of")
    choice = replace(unlike, text="Which one is it?\nA. red\nB. green\nC. blue")
    assert router.course(choice, OPTIONS).accept == "always"
    assert router.course(replace(unlike, task_type="draft"), OPTIONS).accept == "always"
    assert router.course(replace(unlike, tools=(Tool("f", parameters={}),)), OPTIONS).accept == "agreement"


def test_a_menu_of_before_asks_for_agreement_whatever_is_asked_for(router: Router) -> None:
    assert router.parts.courses is not None
    raw = router.parts.courses.menu.to_mapping()
    del raw["unfamiliar_for"]
    step = replace(FRESH[0].step, task_type="draft")
    found = CourseMenu.from_mapping(raw).course(step, 0.05, is_unfamiliar=True)
    assert found is not None
    assert found.accept == "agreement"


def test_a_tier_that_nobody_knows_is_refused(router: Router) -> None:
    with pytest.raises(RecordError, match="'huge'; the tiers are small, mid, frontier"):
        router.accept(FRESH[0].step, [Answer("huge", "7")], OPTIONS)


def test_trouble_asks_the_top_tier(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    router = Router.load(folder)
    monkeypatch.setattr(router, "_accept", lambda *_: 1 / 0)
    assert router.accept(FRESH[0].step, [Answer("small", "7")]).ask == "frontier"


@pytest.mark.slow
def test_a_log_without_answers_has_a_bundle_without_courses(
    catalogue: TierCatalogue, quick_config: TrainConfig, tmp_path: Path
) -> None:
    silent = [
        replace(step, attempts=tuple(replace(a, output=None) for a in step.attempts)) for step in answered_world(150)
    ]
    trained = train_router(silent, catalogue, quick_config)
    assert trained.parts.courses is None
    trained.save(tmp_path / "bundle")
    assert not list((tmp_path / "bundle").glob("acceptance*"))
    found = Router.load(tmp_path / "bundle")
    assert found.course(FRESH[0].step).accept == "always"


@pytest.mark.slow
def test_a_changed_certificate_is_refused(answered: TrainedRouter, tmp_path: Path) -> None:
    answered.save(tmp_path / "bundle")
    file = tmp_path / "bundle" / "courses.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"part_field": None}))
    with pytest.raises(BundleError, match=r"courses\.json does not have the digest"):
        Router.load(tmp_path / "bundle")


@pytest.mark.slow
def test_same_answer_forgets_every_outcome_and_says_differs(
    catalogue: TierCatalogue, quick_config: TrainConfig
) -> None:
    turned = [
        replace(step, attempts=tuple(replace(a, success=not a.success) for a in step.attempts))
        for step in answered_world(300)
    ]
    config = replace(quick_config, target="same-answer")
    one, other = (train_router(steps, catalogue, config) for steps in (answered_world(300), turned))
    assert one.data_fingerprint == other.data_fingerprint
    assert one.parts.policy == other.parts.policy
    assert one.parts.policy.target == "same-answer"
    assert one.parts.courses is not None
    assert one.parts.courses.acceptance.schema.target == "same-answer"
    reason = one.router().decide(FRESH[0].step, DecideOptions(max_quality_loss=1.0)).reason
    assert "succeed" not in reason.text


def test_what_has_no_key_differs_and_what_was_not_logged_is_unknown() -> None:
    (logged,) = answered_world(1)
    prose = "It is a long story, and nobody will read it to the end, but here it is. " * 9
    attempts = (replace(logged.attempts[0], output=prose), replace(logged.attempts[1], output=None), logged.attempts[2])
    found = targeted(replace(logged, attempts=attempts), TIERS, "same-answer")
    assert [attempt.success for attempt in found.attempts] == [False, None, True]


def test_an_unknown_target_is_told() -> None:
    with pytest.raises(TrainingError, match="target is 'best'; 'success' or 'same-answer' is needed"):
        TrainConfig(target="best")


def test_a_mirrored_call_that_failed_differs_and_one_that_nobody_compared_is_unknown() -> None:
    top, marks = Attempt("frontier", output="812"), {"mirror": True, "is_same": None}
    failed, unkept = Attempt("small", error="timeout", extra=marks), Attempt("mid", extra=marks)
    found = targeted(LoggedStep("s", Step("How many?"), (top, failed, unkept)), TIERS, "same-answer")
    assert [attempt.success for attempt in found.attempts] == [True, False, None]
