"""Evidence: from the first attempt of a decision, right on average whatever the model says, nothing filled in."""

from collections.abc import Sequence

import numpy as np
import pytest

from tierwise.data.labels import outcome_table
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step
from tierwise.router_model.predicting.chain import Floats
from tierwise.training.evidence import MIN_OWN_UNITS, Evidence, Witness, speaking_steps, weigh_evidence

TIERS = ("small", "mid", "frontier")
N = 4000


def attempts(*tried: tuple[str, bool | None]) -> tuple[Attempt, ...]:
    return tuple(Attempt(tier, success=success) for tier, success in tried)


def logged(name: int, *tried: tuple[str, bool | None], decided: str | None = None, propensity: float | None = None):  # type: ignore[no-untyped-def]
    decision = (
        None if propensity is None else LoggedDecision(f"d-{name}", decided or tried[0][0], propensity=propensity)
    )
    return LoggedStep(f"s-{name}", Step("x"), attempts(*tried), decision=decision)


def evidence_of(steps: Sequence[LoggedStep], p_success: float | Floats = 0.5) -> Evidence:
    witness = Witness.of(steps, TIERS, outcome_table(steps, TIERS).success)
    p = np.broadcast_to(np.asarray(p_success, dtype=np.float64), (len(steps), len(TIERS)))
    return weigh_evidence(p, witness, np.arange(len(steps)))


def explored(rng: np.random.Generator, p_mid: float, escalates: bool, p_explored: float = 0.2) -> list[LoggedStep]:
    """The top tier first, mid explored, in the log of the product itself."""
    steps = []
    for name in range(N):
        mid, top = rng.random() < p_mid, rng.random() < 0.9
        if rng.random() < p_explored:
            rest = [("frontier", bool(top))] if escalates and not mid else []
            steps.append(logged(name, ("mid", bool(mid)), *rest, propensity=p_explored))
        else:
            steps.append(logged(name, ("frontier", bool(top)), propensity=1 - p_explored))
    return steps


@pytest.mark.slow
@pytest.mark.parametrize("escalates", [False, True])
@pytest.mark.parametrize("model", [0.1, 0.5, 0.95])
def test_an_escalation_after_the_first_attempt_changes_nothing_of_what_was_drawn(escalates: bool, model: float) -> None:
    """Mid truly loses a fifth; an evidence that drops or down-weighs what escalated would call it a gain."""
    found = [
        evidence_of(explored(np.random.default_rng(seed), 0.7, escalates), model).success.mean(axis=0)
        for seed in range(8)
    ]
    assert np.mean(found, axis=0)[1:] == pytest.approx([0.7, 0.9], abs=0.03)


def test_drawn_evidence_lies_within_its_bounds_and_counts_by_them() -> None:
    evidence = evidence_of(explored(np.random.default_rng(0), 0.7, escalates=True), 0.8)
    assert evidence.largest == pytest.approx(5)
    assert 1 - evidence.largest <= evidence.success.min() <= evidence.success.max() <= evidence.largest
    assert (evidence.weight[:, None] * evidence.success).max() <= 1


def test_a_log_of_the_top_tier_alone_opens_no_other_tier_whatever_the_model_believes() -> None:
    evidence = evidence_of([logged(name, ("frontier", True)) for name in range(300)], 1.0)
    assert evidence.is_evidenced.tolist() == [False, False, True]
    assert "no tier below the top was tried" in evidence.missing


@pytest.mark.parametrize(("n_tried", "is_open"), [(MIN_OWN_UNITS - 1, False), (MIN_OWN_UNITS, True)])
def test_a_tier_opens_with_enough_tasks_of_its_own(n_tried: int, is_open: bool) -> None:
    both = [logged(name, ("mid", True), ("frontier", True)) for name in range(n_tried)]
    rest = [logged(name, ("frontier", True)) for name in range(n_tried, 200)]
    assert evidence_of([*both, *rest]).is_evidenced.tolist() == [False, is_open, True]


def test_many_steps_of_few_tasks_open_nothing() -> None:
    steps = [logged(name, ("mid", True), ("frontier", True)) for name in range(200)]
    witness = Witness.of(steps, TIERS, outcome_table(steps, TIERS).success)
    found = weigh_evidence(np.full((200, 3), 0.5), witness, np.arange(200) % (MIN_OWN_UNITS - 1))
    assert not found.is_evidenced[:-1].any()


def test_what_nobody_tried_counts_against_the_saving() -> None:
    """Single attempts of rules, an escalation that stops, one that runs to the end, and a step of the top tier."""
    steps = [
        logged(0, ("mid", True)),
        logged(1, ("mid", False)),
        logged(2, ("small", False), ("mid", True)),
        logged(3, ("small", False), ("mid", False), ("frontier", False)),
        logged(4, ("frontier", True)),
        logged(5, ("small", True)),
    ]
    expected = [[0, 1, 1], [0, 0, 1], [0, 1, 1], [0, 0, 0], [0, 0, 1], [1, 1, 1]]
    assert evidence_of(steps, 0.99).success.tolist() == expected


def test_a_tier_that_stood_in_was_not_drawn() -> None:
    """503 on the drawn tier: the propensity belongs to it and to no other, whether or not the failed call is logged."""
    steps = [
        logged(0, ("mid", None), ("frontier", True), propensity=0.2),
        logged(1, ("frontier", True), decided="mid", propensity=0.2),
        logged(2, ("mid", True), propensity=0.2),
    ]
    witness = Witness.of(steps, TIERS, outcome_table(steps, TIERS).success)
    assert witness.is_lost.tolist() == [True, True, False]
    assert np.array_equal(witness.propensity, [np.nan, np.nan, 0.2], equal_nan=True)
    assert evidence_of(steps).weight.tolist() == [0, 0, 0.2]


def mirrored(share: float, rng: np.random.Generator) -> list[LoggedStep]:
    steps = []
    for name in range(2000):
        asked = [("frontier", True)]
        if rng.random() < share:
            asked += [("small", bool(rng.random() < 0.5)), ("mid", True)]
        steps.append(logged(name, *asked))
    return steps


def test_mirrored_steps_stand_for_the_top_tier_steps_beside_them() -> None:
    steps = mirrored(0.1, np.random.default_rng(0))
    evidence = evidence_of(steps)
    assert evidence.weight.tolist() == [float(len(step.attempts) > 1) for step in steps]
    assert evidence.is_evidenced.all()
    witness = Witness.of(steps, TIERS, outcome_table(steps, TIERS).success)
    assert speaking_steps(witness, np.arange(len(steps))).sum() == evidence.weight.sum()


def test_an_explored_tier_that_escalated_is_never_taken_for_a_mirrored_one() -> None:
    """All that is complete failed first: as a random sample it would say that mid is useless, or priceless."""
    rng = np.random.default_rng(1)
    steps = explored(rng, 0.7, escalates=True, p_explored=0.02)
    assert not Witness.of(steps, TIERS, outcome_table(steps, TIERS).success).is_collected.any()


@pytest.mark.slow
def test_a_tier_that_the_draw_reached_on_half_of_the_steps_is_not_filled_in() -> None:
    """Mid is explored on every second step only; elsewhere the model would stand for it."""
    rng = np.random.default_rng(2)
    steps = []
    for name in range(N):
        explores = name % 2 == 0 and rng.random() < 0.3
        steps.append(logged(name, ("mid" if explores else "frontier", True), propensity=0.3 if explores else 0.7))
    assert (evidence_of(steps, 0.9).success[:, 1] <= 0).sum() >= N * 0.9


def test_a_draw_that_reaches_every_tier_speaks_beside_steps_that_were_tried_everywhere() -> None:
    rng = np.random.default_rng(0)
    everywhere = [logged(name, *((tier, bool(rng.random() < 0.8)) for tier in TIERS)) for name in range(100)]
    drawn = [logged(name, (TIERS[name % 3], bool(rng.random() < 0.8)), propensity=1 / 3) for name in range(100, 1000)]
    found = evidence_of([*everywhere, *drawn])
    assert found.weight[:100].tolist() == [1.0] * 100
    assert found.weight[100:] == pytest.approx(1 / 3)
    one_sided = [logged(name, (TIERS[1 + name % 2], True), propensity=0.5) for name in range(100, 1000)]
    assert not evidence_of([*everywhere, *one_sided]).weight[100:].any()


def test_no_outcome_at_all_shows_nothing() -> None:
    assert evidence_of([logged(0, ("mid", None)), logged(1, ("mid", True))]).weight.tolist() == [0, 1]
