"""Tunes the booster with Optuna: held-out likelihood of the outcomes, whichever of them are known.

The likelihood asks for no policy and no costs and is the same for every kind of log. The defaults are the first
trial, so what comes out is never worse than they are on the folds it was chosen on. The other half of the predictor
is fitted once a fold and stays as it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.fingerprint import in_canonical_order
from tierwise.data.drawing.splits import assign_folds
from tierwise.data.errors import MissingExtraError
from tierwise.data.labels import outcome_table
from tierwise.data.records import LoggedStep
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.router_model.predicting.chain import Floats, tier_probabilities
from tierwise.router_model.predicting.linear_chain import blended
from tierwise.training.config import TrainConfig
from tierwise.training.errors import TrainingError
from tierwise.training.fitting.chain_likelihood import chain_posterior
from tierwise.training.fitting.linear_chain import fit_linear_chain
from tierwise.training.fitting.tier_classifier import BoosterParams, TierClassifier
from tierwise.training.progress import Progress, silent_progress

if TYPE_CHECKING:
    from optuna import Trial

MAX_STEPS = 4000
MIN_STEPS = 200
_N_FOLDS = 3
_N_STAGES = 6


@dataclass(frozen=True, slots=True)
class Tuned:
    """The configuration with the best booster that was found, and mean held-out log-likelihoods a step."""

    config: TrainConfig
    log_likelihood: float
    default_log_likelihood: float
    n_trials: int

    def to_toml(self) -> str:
        """A ``train.toml`` with the booster that was found, for ``tierwise train --config``."""
        booster = self.config.booster
        lines = [f"{name} = {getattr(booster, name)}" for name in BoosterParams.__dataclass_fields__]
        return "\n".join(["[booster]", *lines]) + "\n"


def tune(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    config: TrainConfig,
    n_trials: int,
    encoder_folder: Path | None = None,
    progress: Progress = silent_progress,
) -> Tuned:
    """Tries ``n_trials`` boosters, the configured one first; the same steps and seed find the same one.

    Logs of more than ``MAX_STEPS`` steps are tuned on that many of them. Raises ``TrainingError`` for a log with fewer
    than ``MIN_STEPS`` known outcomes, and ``MissingExtraError`` without Optuna.
    """
    try:
        import optuna
    except ImportError:
        raise MissingExtraError("optuna", "tune") from None
    progress("tuning", n_trials)
    folds = _folds(steps, catalogue, config, encoder_folder)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=config.seed))
    study.enqueue_trial({name: getattr(config.booster, name) for name in _suggested_names()})

    def objective(trial: "Trial") -> float:
        value = _log_likelihood(folds, _suggested(trial, config.booster), config.seed)
        progress.step()
        return value

    study.optimize(objective, n_trials=n_trials)
    best = replace(config.booster, **study.best_params)
    first = study.trials[0].value
    return Tuned(replace(config, booster=best), study.best_value, float("nan") if first is None else first, n_trials)


@dataclass(frozen=True, slots=True)
class _Fold:
    """Vectors float32 and success float64 to fit on and to be judged on; ``linear`` scores float64 of the latter."""

    train_vectors: NDArray[np.float32]
    train_success: Floats
    vectors: NDArray[np.float32]
    success: Floats
    linear: Floats


def _folds(
    steps: Sequence[LoggedStep], catalogue: TierCatalogue, config: TrainConfig, encoder_folder: Path | None
) -> list[_Fold]:
    known = [step for step in steps if any(attempt.success is not None for attempt in step.attempts)]
    if len(known) < MIN_STEPS:
        raise TrainingError(f"{len(known)} steps have a known outcome; tuning needs {MIN_STEPS}, train without --tune")
    chosen = in_canonical_order(known)[:MAX_STEPS]
    pipeline = FeaturePipeline.fit([step.step for step in chosen], load_encoder(encoder_folder), config.n_components)
    vectors = pipeline.transform([step.step for step in chosen])
    success = outcome_table(chosen, catalogue.names).success
    codes = assign_folds(chosen, _N_FOLDS, config.seed)
    return [_fold(vectors, success, codes == fold) for fold in range(_N_FOLDS)]


def _fold(vectors: NDArray[np.float32], success: Floats, held_out: NDArray[np.bool_]) -> _Fold:
    rest = ~held_out
    linear = fit_linear_chain(vectors[rest], success[rest], np.ones(int(rest.sum())))
    return _Fold(vectors[rest], success[rest], vectors[held_out], success[held_out], linear.scores(vectors[held_out]))


def _log_likelihood(folds: Sequence[_Fold], params: BoosterParams, seed: int) -> float:
    """The mean over held-out steps, at the number of rounds that is best for all folds together."""
    stages = [max(1, params.n_rounds * (i + 1) // _N_STAGES) for i in range(_N_STAGES)]
    totals = np.zeros(_N_STAGES)
    for fold in folds:
        trees = TierClassifier(params, seed).fit(fold.train_vectors, fold.train_success)
        for i, stage in enumerate(stages):
            scores = blended(trees.decision_function(fold.vectors, stage), fold.linear)
            totals[i] += chain_posterior(tier_probabilities(scores), fold.success).log_likelihood.sum()
    return float(totals.max()) / sum(len(fold.success) for fold in folds)


def _suggested_names() -> tuple[str, ...]:
    return ("learning_rate", "num_leaves", "min_child_samples", "feature_fraction", "lambda_l2")


def _suggested(trial: "Trial", defaults: BoosterParams) -> BoosterParams:
    return replace(
        defaults,
        learning_rate=trial.suggest_float("learning_rate", 0.01, 0.2, log=True),
        num_leaves=trial.suggest_int("num_leaves", 4, 64, log=True),
        min_child_samples=trial.suggest_int("min_child_samples", 5, 120, log=True),
        feature_fraction=trial.suggest_float("feature_fraction", 0.1, 1.0),
        lambda_l2=trial.suggest_float("lambda_l2", 0.1, 100.0, log=True),
    )
