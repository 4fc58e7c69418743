"""Explanations against a predictor, a policy and logged steps that are small enough to know the answer."""

from dataclasses import dataclass

import numpy as np
import pytest

from tierwise.features.identity import IDENTITY_FIELDS
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.choosing.operating_point import OperatingPoint
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.explanation import (
    Contribution,
    Explanation,
    alternatives,
    contributions,
    learned_choice,
    margin,
    runner_up,
)
from tierwise.router_model.knowing.familiarity import Familiarity, FamiliaritySpace, NearestReference
from tierwise.router_model.knowing.neighbours import LoggedSteps
from tierwise.router_model.predicting.chain import tier_probabilities
from tierwise.router_model.predicting.predictor import Prediction

NAMES = ("small", "frontier")
SCHEMA = FeatureSchema(dict.fromkeys(IDENTITY_FIELDS, ()), 2, "digest")
POLICY = Policy(
    points=(
        OperatingPoint(0.0, None, 0, 0, 0),
        OperatingPoint(0.03, 0.1, 0, 0, 0),
        OperatingPoint(0.2, 1.0, 0, 0, 0),
    ),
    cost_scale_usd=10.0,
    confidence=0.9,
    n_steps=100,
)


@dataclass(frozen=True)
class OneColumn:
    """P(success) of the dear tier is that of a coin; of the cheap one it rises with one column and nothing else."""

    column: int

    def predict(self, vectors: np.ndarray) -> Prediction:
        own = vectors[:, self.column].astype(np.float64)
        scores = np.stack([own, np.zeros(len(own)), np.zeros(len(own))], axis=1)
        return Prediction(tier_probabilities(scores), np.tile([1.0, 10.0], (len(vectors), 1)))


def prediction(p_small: float, p_frontier: float) -> Prediction:
    probabilities = tier_probabilities(np.zeros((1, 3)))
    p_success = np.array([[p_small, p_frontier]])
    return Prediction(
        type(probabilities)(probabilities.hazard, probabilities.keep, p_success, probabilities.p_enough),
        np.array([[1.0, 10.0]]),
    )


def test_only_the_part_that_the_predictor_reads_contributes() -> None:
    column = SCHEMA.names.index("embedding_1")
    vector, usual = np.zeros((2, len(SCHEMA.names)), dtype=np.float32)
    vector[column] = 2.0
    found = contributions(vector, usual, SCHEMA, OneColumn(column), 0, 1)  # type: ignore[arg-type]
    assert found[0].part == "embedding"
    assert found[0].effect == pytest.approx(1 / (1 + np.exp(-2.0)) - 0.5)
    assert all(one.effect == 0 for one in found[1:])
    sentence = Explanation("small", "frontier", 0.5, tuple(found), ()).sentences(NAMES)[0]
    assert sentence.startswith("the meaning of the text moves P(success) of 'small' above that of 'frontier' by +38.1")


def test_the_margin_is_what_the_runner_up_lacks() -> None:
    """At weight .1 and scale 10 a dollar costs a point: .90 - .01 against .95 - .10 leaves four points."""
    assert margin(prediction(0.90, 0.95), POLICY, 0, 0.03, 0.0) == pytest.approx(0.04)
    possible = Explanation("small", "frontier", 0.95, (), (), margin=0.04).sentences(NAMES)
    assert possible == ("'frontier' would be chosen if its P(success) were more than 4.0 points higher.",)
    impossible = Explanation("small", "frontier", 0.99, (), (), margin=0.08).sentences(NAMES)
    assert impossible[0].endswith("which is impossible.")


def test_the_runner_up_is_next_at_the_operating_point_or_next_door() -> None:
    assert runner_up(prediction(0.9, 0.95), POLICY, 0, 0.03, 0.0) == 1
    assert runner_up(prediction(0.9, 0.95), POLICY, 1, 0.0, 0.0) == 0


def test_a_tier_that_a_limit_chose_has_no_margin() -> None:
    assert margin(prediction(0.90, 0.95), POLICY, 1, 0.03, 0.0) is None
    assert margin(prediction(0.90, 0.95), POLICY, 1, 0.0, 0.0) is None


def test_the_smallest_loss_that_chooses_another_tier_is_named() -> None:
    assert alternatives(prediction(0.5, 0.95), POLICY, 1, 0.0) == {0: 0.2}
    found = Explanation("frontier", "small", 0.5, (), (), alternatives={"small": 0.2}).sentences(NAMES)
    assert found == ("A tolerated quality loss of 20.0% would choose 'small'.",)


def test_an_unfamiliar_step_is_told_what_it_would_have_got() -> None:
    assert learned_choice(prediction(0.9, 0.9), POLICY, 0.03, 0.0) == 0
    assert learned_choice(prediction(0.9, 0.9), POLICY, 0.0, 0.0) is None
    found = Explanation("frontier", "small", 0.9, (), (), if_familiar="small").sentences(NAMES)
    assert "'small' would be chosen" in found[0]


def test_the_nearest_logged_steps_come_with_their_outcomes_and_copies_do_not() -> None:
    space = FamiliaritySpace(np.array([0]), np.zeros(1, dtype=np.float32), np.ones(1, dtype=np.float32))
    steps, copies = np.array([[0.0], [1.0], [3.0]]), np.array([[0.4], [1.4], [2.4]])
    familiarity = Familiarity(space, NearestReference(np.vstack([steps, copies]).astype(np.float32)), {})
    logged = LoggedSteps.of(["a", "b", "c"], np.array([[1.0, np.nan], [0.0, 1.0], [np.nan, 0.0]]))
    found = logged.nearest(familiarity, np.array([1.2], dtype=np.float32), 2)
    assert [neighbour.step_id for neighbour in found] == ["b", "a"]
    explanation = Explanation("small", "frontier", 0.5, (Contribution("retry", 0.001),), tuple(found))
    assert explanation.sentences(NAMES) == (
        "The nearest logged steps: b (small failed, frontier succeeded); a (small succeeded).",
    )
    nearest = explanation.to_mapping(NAMES)["nearest"]
    assert nearest[0] == {
        "step_id": "b", "distance": pytest.approx(0.2, abs=1e-6), "success": {"small": False, "frontier": True},
    }  # fmt: skip
    assert LoggedSteps.from_mapping(logged.to_mapping()) == logged
