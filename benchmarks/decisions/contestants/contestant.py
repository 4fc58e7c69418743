"""The protocol of everything that takes part, and the honest way to an operating point that all learners share."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.problem import Floats, Fold
from tierwise.router_model.choosing.policy import choose_all
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.points import QUALITY_LOSSES, Trial, certify_part
from tierwise.training.certification.units import Units
from tierwise.training.evaluation.curve import Forecast
from tierwise.training.evaluation.outcomes import group_codes

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

    def predict(self, fold: Fold) -> Forecast:
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
        prediction = self.learner.predict(fold)
        expected = _expected(prediction)
        weight = self._cost_weight(fold, expected)
        chosen = np.full(len(fold.test), len(fold.catalogue) - 1, dtype=np.int64)
        if weight is not None:
            chosen = choose_all(expected.p_success, expected.relative_cost, weight)
        plain = Answers.choices(chosen.astype(np.int64), len(fold.catalogue))
        is_supported = np.full(len(chosen), weight is not None)
        return Answers(
            prediction.p_success,
            prediction.expected_cost_usd,
            plain.chosen,
            plain.starts,
            plain.is_unfamiliar,
            is_supported,
        )

    def _cost_weight(self, fold: Fold, final: Expected) -> float | None:
        """The certified cost weight; None when not even the most careful one passes."""
        parts = [(inner, self.learner.predict(inner)) for inner in fold.inner(N_INNER_FOLDS, seed=0)]
        rows = np.concatenate([inner.test for inner, _ in parts])
        inner_of = np.concatenate([np.full(len(inner.test), number) for number, (inner, _) in enumerate(parts)])
        p_success = np.concatenate([prediction.p_success for _, prediction in parts])
        cost_usd = np.concatenate([prediction.expected_cost_usd for _, prediction in parts])
        held_out = HeldOut(
            _expected(Forecast(p_success, cost_usd)),
            inner_of.astype(np.int64),
            _known(fold.problem.success[rows]),
            _known(fold.problem.cost_usd[rows]),
            np.zeros(len(rows), dtype=np.bool_),
            np.ones(len(rows)),
        )
        codes = group_codes([fold.problem.groups[row] for row in rows], len(rows))
        trial = Trial([held_out], Units.of(codes, held_out.weight), self.confidence)
        is_fixed = np.zeros(len(final.unit_usd), dtype=np.bool_)
        found = certify_part(trial, final, is_fixed, np.ones(len(fold.catalogue), dtype=np.bool_))
        asked = max(loss for loss in QUALITY_LOSSES if loss <= self.max_quality_loss + 1e-9)
        return next(point.cost_weight for point in found.points if point.max_quality_loss == asked)


def _expected(prediction: Forecast) -> Expected:
    """Costs relative to a step's own expected one on the top tier, as Tierwise counts them."""
    top_usd = np.maximum(prediction.expected_cost_usd[:, -1], 1e-12)
    return Expected(prediction.p_success, prediction.expected_cost_usd, top_usd)


def _known(values: Floats) -> Floats:
    """Unknown entries at the mean of their tier: baselines take part where nearly everything is known."""
    return np.where(np.isnan(values), np.nanmean(values, axis=0), values)
