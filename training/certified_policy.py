"""From held-out predictions and a log to the policy of a bundle: what certification is given and gives back."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep
from tierwise.features.schema import FeatureSchema
from tierwise.features.view import view_of
from tierwise.router_model.choosing.leaning import leaning, weight_factor
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.predicting.calibration import Calibration
from tierwise.router_model.predicting.chain import Floats, TierProbabilities
from tierwise.training.certification.held_out import Expected, HeldOut
from tierwise.training.certification.parts import Log, certify_parts
from tierwise.training.certification.units import unit_codes
from tierwise.training.config import TrainConfig
from tierwise.training.evidence import Witness
from tierwise.training.fitting.calibration import cross_calibrated
from tierwise.training.fitting.chain_model import ChainModel
from tierwise.training.fitting.costs import CostModel
from tierwise.training.fitting.cross_fit import CrossFit, TrainingRows
from tierwise.training.fitting.familiarity import FittedFamiliarity, fit_familiarity


def fit_what_is_familiar(
    vectors: NDArray[np.float32],
    copies: NDArray[np.float32],
    schema: FeatureSchema,
    folds: NDArray[np.int64],
    speaks: NDArray[np.bool_],
    config: TrainConfig,
) -> FittedFamiliarity:
    """What is familiar is what certification has seen: the steps of ``speaks`` bool [n] and their copies."""
    fitted = fit_familiarity(vectors[speaks], copies[speaks[: len(copies)]], schema, folds[speaks], config)
    is_unfamiliar = np.zeros(len(vectors), dtype=np.bool_)
    is_unfamiliar[speaks] = fitted.is_unfamiliar
    return replace(fitted, is_unfamiliar=is_unfamiliar)


def final_expectations(
    model: ChainModel,
    cost_model: CostModel,
    calibration: Calibration,
    vectors: NDArray[np.float32],
    steps: Sequence[LoggedStep],
    config: TrainConfig,
) -> Expected:
    """What the router that will serve expects of the steps of the log."""
    probabilities = calibration.probabilities(model.scores(vectors))
    cost_usd = calibration.cost_usd(cost_model.log_cost(vectors))
    return _expected(probabilities, cost_usd, _weight_factors(steps, config), config)


def _expected(chain: TierProbabilities, cost_usd: Floats, factor: Floats | None, config: TrainConfig) -> Expected:
    top_usd = np.maximum(cost_usd[:, -1], 1e-12)
    unit_usd = top_usd if config.is_relative else np.full_like(top_usd, top_usd.mean())
    return Expected(chain.p_success, cost_usd, unit_usd, chain, factor)


def _weight_factors(steps: Sequence[LoggedStep], config: TrainConfig) -> Floats | None:
    if not config.spread:
        return None
    return np.array([weight_factor(leaning(view_of(each.step).text), config.spread) for each in steps])


def held_out_log(
    cross: CrossFit,
    steps: Sequence[LoggedStep],
    witness: Witness,
    rows: TrainingRows,
    is_unfamiliar: NDArray[np.bool_],
    final: Expected,
    config: TrainConfig,
) -> Log:
    """The log with its held-out predictions, each step under a calibration that did not see its fold."""
    factor = final.weight_factor
    repeats = [_held_out(cross, repeat, rows, is_unfamiliar, factor, config) for repeat in range(len(rows.folds))]
    return Log(steps, witness, repeats, final, unit_codes(steps), rows.weight)


def _held_out(
    cross: CrossFit,
    repeat: int,
    rows: TrainingRows,
    is_unfamiliar: NDArray[np.bool_],
    factor: Floats | None,
    config: TrainConfig,
) -> HeldOut:
    success, cost_usd, weight, folds = rows.success, rows.cost_usd, rows.weight, rows.folds[repeat]
    scores, log_cost = cross.scores[repeat], cross.log_cost[repeat]
    probabilities, expected_cost = cross_calibrated(scores, success, log_cost, cost_usd, folds, weight)
    paid = np.where(np.isnan(cost_usd), expected_cost, cost_usd)
    return HeldOut(_expected(probabilities, expected_cost, factor, config), folds, success, paid, is_unfamiliar, weight)


def certified_policy(log: Log, config: TrainConfig) -> Policy:
    certified = certify_parts(log, config.part_field, config.confidence)
    whole = certified.whole
    return Policy(
        points=whole.points,
        cost_scale_usd=float(np.average(log.final.cost_usd[:, -1], weights=log.recency)),
        confidence=config.confidence,
        n_steps=len(log.steps),
        default_max_quality_loss=config.max_quality_loss,
        guardrails=config.guardrails,
        is_relative=config.is_relative,
        tiers=whole.tiers,
        part_field=config.part_field,
        parts=certified.parts,
        together=certified.together,
        n_tasks=whole.n_tasks,
        n_effective=whole.n_effective,
        missing=whole.missing,
        cascades=whole.cascades,
        target=config.target,
        spread=config.spread,
    )
