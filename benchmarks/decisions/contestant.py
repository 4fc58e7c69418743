"""The protocol of everything that takes part, and the honest way to an operating point that all learners share."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.problem import Floats, Fold
from tierwise.router_model.policy import choose_all
from tierwise.training.evaluation.curve import Prediction
from tierwise.training.operating_points import QUALITY_LOSSES, HeldOut, certify

N_INNER_FOLDS = 4


class Contestant(Protocol):
    """Learns from the outcomes of a fold's ``train`` steps and answers for its ``test`` steps."""

    @property
    def name(self) -> str:
        """As it stands in the table."""

    @property
    def version(self) -> str:
        """Changes when the answers may: part of the key under which answers are kept."""

    @property
    def has_probabilities(self) -> bool:
        """Whether ``p_success`` are probabilities, or only an order."""

    def answer(self, fold: Fold) -> Answers:
        """Raises ``TierwiseError`` when it cannot learn from these steps."""


class Learner(Protocol):
    """The smaller protocol of a baseline: predictions, from which :class:`Certified` makes a contestant."""

    @property
    def name(self) -> str: ...

    @property
    def version(self) -> str: ...

    @property
    def has_probabilities(self) -> bool: ...

    def predict(self, fold: Fold) -> Prediction:
        """Predictions for the steps of ``fold.test``, learned from the outcomes of ``fold.train``."""


@dataclass(frozen=True, slots=True)
class Certified:
    """A learner with the operating point that its own held-out predictions certify.

    Inner folds of the training steps are predicted by a fit without them; the cost weight is the boldest that the same
    finite-sample test certifies that Tierwise uses. So differences between contestants are differences of learning.
    """

    learner: Learner
    max_quality_loss: float
    confidence: float

    @property
    def name(self) -> str:
        return self.learner.name

    @property
    def version(self) -> str:
        return f"{self.learner.version}, certified for {self.max_quality_loss} at {self.confidence}"

    @property
    def has_probabilities(self) -> bool:
        return self.learner.has_probabilities

    def answer(self, fold: Fold) -> Answers:
        weight_per_usd = self._weight_per_usd(fold)
        prediction = self.learner.predict(fold)
        top = np.full(len(fold.test), len(fold.catalogue) - 1, dtype=np.int64)
        chosen = top
        if weight_per_usd is not None:
            chosen = choose_all(prediction.p_success, prediction.expected_cost_usd, weight_per_usd)
        plain = Answers.choices(chosen.astype(np.int64), len(fold.catalogue))
        is_supported = np.full(len(chosen), weight_per_usd is not None)
        return Answers(
            prediction.p_success,
            prediction.expected_cost_usd,
            plain.chosen,
            plain.starts,
            plain.is_unfamiliar,
            is_supported,
        )

    def _weight_per_usd(self, fold: Fold) -> float | None:
        """The certified cost weight; None when not even the most careful one passes."""
        parts = [(inner, self.learner.predict(inner)) for inner in fold.inner(N_INNER_FOLDS, seed=0)]
        rows = np.concatenate([inner.test for inner, _ in parts])
        held_out = HeldOut(
            np.concatenate([prediction.p_success for _, prediction in parts]),
            np.concatenate([prediction.expected_cost_usd for _, prediction in parts]),
            _known(fold.problem.success[rows]),
            _known(fold.problem.cost_usd[rows]),
            np.zeros(len(rows), dtype=np.bool_),
            np.ones(len(rows)),
        )
        points = certify([held_out], self.confidence)
        asked = max(loss for loss in QUALITY_LOSSES if loss <= self.max_quality_loss + 1e-9)
        weight = next(point.cost_weight for point in points if point.max_quality_loss == asked)
        return None if weight is None else weight / held_out.cost_scale_usd


def _known(values: Floats) -> Floats:
    """Unknown entries at the mean of their tier: baselines take part where nearly everything is known."""
    return np.where(np.isnan(values), np.nanmean(values, axis=0), values)
