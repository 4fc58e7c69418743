"""Learns acceptance: two boosters on the rows of answers, calibrated on rows they did not see, exported to ONNX."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from tierwise.router_model.accepting.acceptance import (
    Acceptance,
    AcceptanceSchema,
    Judgement,
    Lines,
    judged,
    with_state,
)
from tierwise.router_model.accepting.leaning import has_logprobs, leant
from tierwise.training.accepting.acceptance_table import AcceptanceTable, with_missing
from tierwise.training.accepting.lean import best_share, fit_leaning
from tierwise.training.errors import TrainingError
from tierwise.training.fitting.tier_classifier import BoosterParams
from tierwise.training.onnx_export import export_booster

Floats = NDArray[np.float64]
MIN_ROWS = 60
ACCEPTANCE_PARAMS = BoosterParams(n_rounds=120, num_leaves=7)
"""Smaller trees than the router's: there are few columns, and each tells much."""

_PRIOR_STRENGTH = 5.0
_N_PARITY_ROWS = 500


@dataclass(frozen=True, slots=True)
class RawJudgement:
    """Log-odds of m rows before calibration, float64 [m]; those of the top tier are None for ``same-answer``, those of
    the linear view None for logs without log-probabilities."""

    answer: Floats
    top_if_right: Floats | None
    top_if_wrong: Floats | None
    leaning: Floats | None = None

    def at(self, places: NDArray[np.bool_]) -> "RawJudgement":
        top = (None if scores is None else scores[places] for scores in (self.top_if_right, self.top_if_wrong))
        return RawJudgement(self.answer[places], *top)

    def best_share(self, table: AcceptanceTable) -> float:
        """How much the linear view of held-out rows counts; 0 without one."""
        return 0.0 if self.leaning is None else best_share(self.answer, self.leaning, table)

    def leant(self, share: float) -> "RawJudgement":
        """Trees and linear view together."""
        if self.leaning is None:
            return self
        answer = leant(self.answer, self.leaning, share)
        return RawJudgement(answer, self.top_if_right, self.top_if_wrong)

    def calibrated(self, lines: Lines) -> Judgement:
        return judged(self.answer, self.top_if_right, self.top_if_wrong, lines)


class AcceptanceModel:
    """The two heads. Fitted state: ``answer_``, ``top_`` (None for the target ``same-answer``) and ``leaning_`` (None
    without ``schema``, or where no answer has log-probabilities)."""

    def __init__(
        self, params: BoosterParams = ACCEPTANCE_PARAMS, seed: int = 0, schema: AcceptanceSchema | None = None
    ) -> None:
        self.params = params
        self.seed = seed
        self.schema = schema

    def fit(self, table: AcceptanceTable, is_used: NDArray[np.bool_], with_top: bool = True) -> "AcceptanceModel":
        """Fitted to the rows of ``is_used`` bool [m], each head to those of which it knows the outcome.

        The second head reads whether the answer was right as a further column, missing where it is not known. Raises
        ``TrainingError`` where there is too little to learn from.
        """
        is_known = is_used & ~np.isnan(table.answer)
        self.answer_ = self._grown(table.rows[is_known], table.answer[is_known], table.weight[is_known])
        self.top_, self.leaning_ = None, None
        if self.schema is not None and has_logprobs(table.rows[is_used], self.schema.names).sum() >= MIN_ROWS:
            self.leaning_ = fit_leaning(table, is_used, self.schema.names, len(self.schema.tiers))
        if with_top:
            is_known = is_used & ~np.isnan(table.top)
            rows = np.concatenate([table.rows, table.answer[:, None]], axis=1, dtype=np.float32)[is_known]
            self.top_ = self._grown(rows, table.top[is_known], table.weight[is_known])
        return self

    def raw(self, rows: NDArray[np.float32]) -> RawJudgement:
        """Log-odds of rows float32 [m, d]."""
        answer = np.asarray(self.answer_.predict(rows, raw_score=True))
        leaning = None
        if self.leaning_ is not None and self.schema is not None:
            leaning = self.leaning_.log_odds(rows, self.schema.names)
        if self.top_ is None:
            return RawJudgement(answer, None, None, leaning)
        both = np.asarray(self.top_.predict(with_state(rows), raw_score=True))
        return RawJudgement(answer, both[: len(rows)], both[len(rows) :], leaning)

    def _grown(self, rows: NDArray[np.float32], outcome: Floats, weight: Floats) -> lightgbm.Booster:
        if len(rows) < MIN_ROWS:
            raise TrainingError(
                f"{len(rows)} answers with a known outcome; at least {MIN_ROWS} are needed to learn acceptance: log "
                "attempts[].output or tool_calls beside success"
            )
        settings = self.params.to_lightgbm(self.seed) | {"objective": "binary"}
        dataset = lightgbm.Dataset(rows, outcome, weight=weight / weight.mean())
        return _as_raw(lightgbm.train(settings, dataset, self.params.n_rounds))


def cross_fitted(
    table: AcceptanceTable,
    folds: NDArray[np.int64],
    with_top: bool = True,
    params: BoosterParams = ACCEPTANCE_PARAMS,
    seed: int = 0,
    on_fold: Callable[[], None] = lambda: None,
    schema: AcceptanceSchema | None = None,
) -> RawJudgement:
    """Log-odds of every row from heads that saw no row of its fold; ``folds`` int64 [n] are the steps'."""
    fold_of_row = folds[table.step]
    leans = schema is not None and has_logprobs(table.rows, schema.names).any()
    if_right, if_wrong = (np.zeros(len(table)) if with_top else None for _ in range(2))
    found = RawJudgement(np.zeros(len(table)), if_right, if_wrong, np.full(len(table), np.nan) if leans else None)
    for fold in np.unique(fold_of_row):
        held_out = fold_of_row == fold
        part = AcceptanceModel(params, seed, schema).fit(table, ~held_out, with_top).raw(table.rows[held_out])
        found.answer[held_out] = part.answer
        for name in ("top_if_right", "top_if_wrong", "leaning"):
            whole, of_part = getattr(found, name), getattr(part, name)
            if whole is not None and of_part is not None:
                whole[held_out] = of_part
        on_fold()
    return found


def fit_lines(table: AcceptanceTable, raw: RawJudgement) -> Lines:
    """Platt's lines on held-out log-odds, pulled towards no change by a few observations' worth."""
    answer = _line(raw.answer, table.answer, table.weight)
    if raw.top_if_right is None or raw.top_if_wrong is None:
        return Lines(answer)
    right, wrong = table.answer == 1, table.answer == 0
    return Lines(
        answer,
        _line(raw.top_if_right[right], table.top[right], table.weight[right]),
        _line(raw.top_if_wrong[wrong], table.top[wrong], table.weight[wrong]),
    )


def cross_calibrated(table: AcceptanceTable, raw: RawJudgement, folds: NDArray[np.int64]) -> Judgement:
    """Chances of every row under lines that did not see its fold: what operating points may be chosen on."""
    fold_of_row = folds[table.step]
    p_answer, p_top = np.zeros(len(table)), np.zeros(len(table))
    for fold in np.unique(fold_of_row):
        held_out = fold_of_row == fold
        lines = fit_lines(_rows_of(table, ~held_out), raw.at(~held_out))
        found = raw.at(held_out).calibrated(lines)
        p_answer[held_out], p_top[held_out] = found.p_answer, found.p_top
    return Judgement(p_answer, p_top)


@dataclass(frozen=True, slots=True)
class TrainedAcceptance:
    """What serves, and the held-out judgement of every row, for operating points and their certificate."""

    acceptance: Acceptance
    held_out: Judgement
    max_deviation: float


def train_acceptance(
    table: AcceptanceTable,
    folds: NDArray[np.int64],
    schema: AcceptanceSchema,
    params: BoosterParams = ACCEPTANCE_PARAMS,
    seed: int = 0,
) -> TrainedAcceptance:
    """Cross-fits, calibrates, fits on everything, exports with proof. Raises ``TrainingError`` or ``ParityError``."""
    with_top = schema.target != "same-answer"
    n_rows = len(table)
    table = with_missing(table)
    raw = cross_fitted(table, folds, with_top, params, seed, schema=schema)
    share = raw.best_share(table)
    raw = raw.leant(share)
    model = AcceptanceModel(params, seed, schema).fit(table, np.ones(len(table), dtype=np.bool_), with_top)
    sample = table.rows[:_N_PARITY_ROWS]
    answer = export_booster(model.answer_, sample)
    top = None if model.top_ is None else export_booster(model.top_, with_state(sample))
    deviation = max(answer.max_deviation, 0.0 if top is None else top.max_deviation)
    leaning = None if model.leaning_ is None or not share else replace(model.leaning_, share=share)
    top_graph = None if top is None else top.graph
    acceptance = Acceptance(schema, answer.graph, top_graph, fit_lines(table, raw), leaning)
    held_out = cross_calibrated(table, raw, folds)
    judged_rows = Judgement(held_out.p_answer[:n_rows], held_out.p_top[:n_rows])
    return TrainedAcceptance(acceptance, judged_rows, deviation)


def _as_raw(booster: lightgbm.Booster) -> lightgbm.Booster:
    """The same trees as a regression, whose graph gives log-odds and nothing else."""
    text = booster.model_to_string().replace("\nobjective=binary sigmoid:1\n", "\nobjective=regression\n")
    return lightgbm.Booster(model_str=text.replace("[objective: binary]", "[objective: regression]"))


def _rows_of(table: AcceptanceTable, places: NDArray[np.bool_]) -> AcceptanceTable:
    return AcceptanceTable(*(getattr(table, name)[places] for name in AcceptanceTable.__slots__))


def _line(log_odds: Floats, outcome: Floats, weight: Floats) -> tuple[float, float]:
    is_known = ~np.isnan(outcome)
    x, y, w = log_odds[is_known], outcome[is_known], weight[is_known]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        score = x * parameters[0] + parameters[1]
        residual = w * (1.0 / (1.0 + np.exp(-np.clip(score, -30, 30))) - y)
        deviation = parameters - np.array([1.0, 0.0])
        value = w @ (np.logaddexp(0.0, score) - y * score) + 0.5 * _PRIOR_STRENGTH * float(deviation @ deviation)
        return float(value), np.array([residual @ x, residual.sum()]) + _PRIOR_STRENGTH * deviation

    fitted = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.05, 5.0), (-5.0, 5.0)]).x
    return float(fitted[0]), float(fitted[1])
