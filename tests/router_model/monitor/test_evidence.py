"""What one decision shows: the first attempt, what is known of the top tier, and what the draw is worth."""

from dataclasses import replace

import pytest

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.router_model.monitor.evidence import Pair, Shown, show

TIERS = ("small", "mid", "frontier")
MIRRORED = {"mirror": True}


def step(*attempts: Attempt, tier: str = "mid", propensity: float | None = 1.0, **extra: object) -> LoggedStep:
    known = {"p_success": {"small": 0.5, "mid": 0.8, "frontier": 0.9}, "reason_code": "learned"} | extra
    decision = LoggedDecision("d", tier, "learned", None, propensity, extra=known)
    return LoggedStep("s", Step(), attempts, "t", timestamp=5.0, decision=decision)


def shown(logged: LoggedStep) -> Shown:
    found = show(logged, TIERS)
    assert found is not None
    return found


OK, FAILED = Attempt("mid", success=True), Attempt("mid", success=False)


@pytest.mark.parametrize(
    ("attempts", "low", "high"),
    [
        ((OK,), Pair(1, 0.9), Pair(1, 1)),
        ((FAILED,), Pair(0, 0), Pair(0, 1)),
        ((FAILED, Attempt("frontier", success=True)), Pair(0, 1), Pair(0, 1)),
        ((FAILED, Attempt("frontier", success=False)), Pair(0, 0), Pair(0, 0)),
        ((FAILED, OK), Pair(0, 0.9), Pair(0, 1)),
        ((OK, Attempt("frontier", success=False, extra=MIRRORED)), Pair(1, 0), Pair(1, 0)),
        ((OK, Attempt("frontier", extra=MIRRORED | {"is_same": True})), Pair(1, 1), Pair(1, 1)),
        ((OK, Attempt("frontier", extra=MIRRORED | {"is_same": False})), Pair(1, 0.9), Pair(1, 1)),
        ((Attempt("frontier", success=True, extra=MIRRORED), FAILED), Pair(0, 1), Pair(0, 1)),
    ],
)
def test_what_is_not_known_of_the_top_tier_is_bounded(attempts: tuple[Attempt, ...], low: Pair, high: Pair) -> None:
    found = shown(step(*attempts))
    assert (found.low, found.high) == (low, high)
    assert (found.drawn_low, found.drawn_high) == (low, high)
    assert (found.task, found.at) == ("t", 5.0)


def test_of_the_top_tier_itself_all_is_known() -> None:
    found = shown(step(Attempt("frontier", success=False), tier="frontier"))
    assert found.low == found.high == Pair(0, 0)


@pytest.mark.parametrize(
    "logged",
    [
        step(),
        step(Attempt("mid")),
        step(Attempt("small", success=True)),
        step(Attempt("elsewhere", success=True), tier="elsewhere"),
        step(OK, fallback=True),
        step(OK, reason_code="escalate"),
        step(OK, reason_code="promise_broken"),
        step(OK, reason_code="named"),
        step(Attempt("mid", success=True, extra=MIRRORED)),
        step(OK, reason_code="explored", reason_text="?", propensity=0.1),
        step(OK, reason_code=None, propensity=0.1),
        step(OK, reason_code="explored", reason_text="'mid' is tried instead of 'small', to learn how it does.",
             experiment="e", propensity=0.1),
        replace(step(OK), decision=None),
    ],
)  # fmt: skip
def test_what_says_nothing_of_the_promise_is_left_out(logged: LoggedStep) -> None:
    assert show(logged, TIERS) is None


def test_the_scores_average_to_the_truth_over_the_draw() -> None:
    """Mid is picked and succeeds, small and frontier are explored with 5 % each and fail."""
    draws = [(0.9, step(OK, propensity=0.9))]
    for tier in ("small", "frontier"):
        text = f"'{tier}' is tried instead of 'mid', to learn how it does."
        failed = Attempt(tier, success=False)
        draws.append((0.05, step(failed, tier=tier, propensity=0.05, reason_code="explored", reason_text=text)))
    found = [(p, shown(logged)) for p, logged in draws]
    assert sum(p * each.drawn_low.picked for p, each in found) == pytest.approx(1.0)
    assert sum(p * each.drawn_low.top for p, each in found) == pytest.approx(0.0)
    assert sum(p * each.low.picked for p, each in found) == pytest.approx(1.0)
    assert sum(p * each.low.top for p, each in found) == pytest.approx(0.9), "the prediction bounds what nobody saw"
    assert [each.is_explored for _, each in found] == [False, True, True]


def test_a_top_tier_beyond_the_draws_reach_is_unknown() -> None:
    found = shown(step(Attempt("small", success=True), tier="small", propensity=0.9))
    assert (found.drawn_low.top, found.drawn_high.top) == (0.0, 1.0)


def test_in_an_experiment_the_propensity_is_that_of_all_arms_and_does_not_count() -> None:
    assert shown(step(OK, propensity=0.5, experiment="e")).p_ran == 1.0
