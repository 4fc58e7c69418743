"""Steps that look alike to the predictor lean differently, by their text alone."""

from dataclasses import replace

import numpy as np
import pytest

from tierwise.data.records import Message, Step
from tierwise.router_model.choosing.leaning import leaning, weight_factor
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router
from tierwise.training.certification.held_out import Expected
from tierwise.training.certification.paths import choose, weights_at


def test_texts_lean_as_if_drawn_uniformly() -> None:
    found = np.array([leaning(f"step {i}") for i in range(4000)])
    counts = np.histogram(found, bins=8, range=(-1, 1))[0]
    assert counts.sum() == 4000
    assert counts.min() > 400
    assert leaning("step 1") == found[1]


def apart(one: str, other: str) -> float:
    """How far two texts lean apart on the circle, from 0 to 1; half on average where they have nothing to do with
    each other."""
    turned = abs(leaning(one) - leaning(other))
    return min(turned, 2.0 - turned)


def test_another_word_turns_a_text_a_little_and_another_number_anywhere() -> None:
    said = "Please give the customer {} back because order {} arrived broken yesterday evening"
    texts = [said.format("money", 1000 + i) for i in range(200)]
    reworded = [text.replace("money", "everything") for text in texts]
    renumbered = [text.replace("order 1", "order 2") for text in texts]
    assert np.mean([apart(one, other) for one, other in zip(texts, reworded, strict=True)]) < 0.2
    assert np.mean([apart(one, other) for one, other in zip(texts, renumbered, strict=True)]) > 0.4


def test_without_spread_nothing_leans() -> None:
    assert weight_factor(leaning("a"), 0.0) == 1.0
    assert 0.7 < weight_factor(-1.0, 0.3) < 1 < weight_factor(1.0, 0.3) < 1.4


def alike(spread: float) -> Expected:
    """Steps of four kinds: within a kind all look the same."""
    p_small = np.repeat([0.5, 0.7, 0.8, 0.85], 500)
    p_success = np.stack([p_small, np.full(2000, 0.9)], axis=1)
    cost_usd = np.tile([0.01, 0.1], (2000, 1))
    factor = np.array([weight_factor(leaning(f"step {i}"), spread) for i in range(2000)])
    return Expected(p_success, cost_usd, cost_usd[:, -1], weight_factor=factor)


def reached(expected: Expected, savings: list[float]) -> list[float]:
    tiers, nobody = np.ones(2, dtype=np.bool_), np.zeros(2000, dtype=np.bool_)
    weights = weights_at(expected, tiers, nobody, savings)
    moved = [float(np.mean(choose(expected, tiers, weight) == 0)) for weight in weights]
    return [0.9 * share for share in moved]


def test_any_saving_is_reached_though_steps_are_alike() -> None:
    asked = [0.05, 0.1, 0.15, 0.3, 0.4]
    assert reached(alike(0.3), asked) == pytest.approx(asked, abs=0.01)
    assert reached(alike(0.0), asked) == pytest.approx([0.225, 0.225, 0.225, 0.45, 0.45])


@pytest.mark.slow
def test_a_router_leans_as_certification_did(router: Router) -> None:
    """Where a weight lies at the tie of steps that are alike, some of them stay and some leave, in all their forms."""
    steps = [Step(text=f"Extract the total of invoice {i}.", task_type="extract") for i in range(60)]
    figures = router.predict(steps)
    p_success, cost_usd = figures.probabilities.p_success, figures.cost_usd
    relative = cost_usd / cost_usd[:, -1:]
    tie = float(np.median((p_success[:, -1] - p_success[:, 0]) / (1 - relative[:, 0])))
    policy = replace(
        router.parts.policy, points=(OperatingPoint(1.0, tie, 0, 0, 0),), tiers=(0, 2), parts=(), spread=0.9
    )
    leaning_router = Router(replace(router.parts, policy=policy), "test")
    decisions = leaning_router.decide_many(steps, DecideOptions(max_quality_loss=1.0))
    familiar = [row for row, decision in enumerate(decisions) if not decision.is_unfamiliar]
    assert len({decisions[row].tier for row in familiar}) == 2
    for row in familiar:
        weight = tie * weight_factor(leaning(steps[row].text), 0.9)
        worth = p_success[row] - weight * relative[row]
        assert decisions[row].tier == router.catalogue.names[0 if worth[0] >= worth[2] else 2]
    messages = [replace(step, text="", messages=(Message("user", step.text),)) for step in steps]
    again = leaning_router.decide_many(messages, DecideOptions(max_quality_loss=1.0))
    assert [one.tier for one in again] == [one.tier for one in decisions]
    alone = [leaning_router.decide(step, DecideOptions(max_quality_loss=1.0)) for step in steps]
    assert alone == decisions


def with_policy(router: Router, spread: float) -> Router:
    return Router(replace(router.parts, policy=replace(router.parts.policy, spread=spread)), "test")


def test_the_spread_is_kept_in_a_bundle_and_older_bundles_have_none(router: Router) -> None:
    kept = router.parts.policy.to_mapping()
    assert kept["spread"] == router.parts.policy.spread == 0.3
    assert Policy.from_mapping(kept).spread == 0.3
    del kept["spread"]
    assert Policy.from_mapping(kept).spread == 0.0


def test_an_explanation_names_the_choice_of_the_leaning_step(router: Router) -> None:
    steep = with_policy(router, spread=0.9)
    for i in range(20):
        decision = steep.decide(
            Step(text=f"Extract the total of invoice {i}.", task_type="extract"), DecideOptions(explain=True)
        )
        figures = decision.explanation_figures
        assert figures is None or figures["margin"] is None or figures["margin"] >= 0
        if figures is not None and not decision.is_unfamiliar and decision.reason.code.startswith("learned"):
            assert figures["margin"] is not None, "the choice is the best at the step's own weight"


def test_words_with_marks_in_them_and_no_digit_say_nothing() -> None:
    assert leaning("Compare the apples a/b with the oranges.") == leaning("Compare the apples c-d with the oranges.")
