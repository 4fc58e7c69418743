"""Tierwise itself, through the same calls that a user makes: ``train_router`` and ``Router.decide_many``."""

from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from benchmarks.decisions.answers import Answers
from benchmarks.decisions.problem import Fold
from tierwise.data.records import Decision
from tierwise.router_model.choosing.operating_point import CATCH_RATES
from tierwise.router_model.options import DecideOptions
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.decision_arrays import decision_arrays
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.train import train_router

_ROOT = Path(__file__).parents[3]
_DECIDING = ("accepting", "choosing", "knowing", "predicting")
_DEFAULTS = TrainConfig()
LIGHTER = TrainConfig(n_folds=4, n_repeats=1, booster=BoosterParams(n_rounds=120, learning_rate=0.08, num_leaves=15))
"""A fifth of the work of a default training, for what asks for dozens of them."""


@dataclass(frozen=True, slots=True)
class LearnedRouter:
    """The learned router at its default settings, but for ``config``; ``catch_rates`` are those to name starts for."""

    max_quality_loss: float
    config: TrainConfig = _DEFAULTS
    encoder_folder: Path | None = None
    catch_rates: tuple[float, ...] = CATCH_RATES
    name: str = "Tierwise"
    has_probabilities: bool = True

    @property
    def version(self) -> str:
        return f"{SOURCE_DIGEST} {self.config} {self.encoder_folder} {self.max_quality_loss} {self.catch_rates}"

    def answer(self, fold: Fold) -> Answers:
        trained = train_router(fold.logged, fold.catalogue, self.config, self.encoder_folder)
        router, steps = trained.router(), fold.to_decide
        options = DecideOptions(max_quality_loss=self.max_quality_loss)
        decisions = router.decide_many(steps, options)
        arrays = decision_arrays(decisions, fold.catalogue)
        starts = [
            decision_arrays(router.decide_many(steps, replace(options, catch_rate=rate)), fold.catalogue).chosen
            for rate in self.catch_rates
        ]
        is_supported = trained.parts.policy.certified(self.max_quality_loss).cost_weight is not None
        return Answers(
            arrays.p_success,
            arrays.expected_cost_usd,
            arrays.chosen,
            np.stack(starts, axis=1),
            _flags(decisions),
            np.full(len(decisions), is_supported),
        )


def _source_digest() -> str:
    """The sha256 over the code that learning and deciding consist of."""
    digest = sha256()
    files = [
        *_ROOT.glob("training/*.py"),
        *(file for room in ("accepting", "certification", "fitting") for file in _ROOT.glob(f"training/{room}/*.py")),
        *_ROOT.glob("features/**/*.py"),
        *_ROOT.glob("router_model/*.py"),
        *(file for room in _DECIDING for file in _ROOT.glob(f"router_model/{room}/*.py")),
        _ROOT / "data" / "labels.py",
        _ROOT / "data" / "drawing" / "splits.py",
    ]
    for path in sorted(files):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _flags(decisions: list[Decision]) -> np.ndarray:
    return np.array([decision.is_unfamiliar for decision in decisions], dtype=np.bool_)


SOURCE_DIGEST = _source_digest()
"""Of the code as it is when it is imported: a long run may outlive an edit."""
