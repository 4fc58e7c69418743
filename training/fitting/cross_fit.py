"""Cross-fitting: predictions for every step from a booster that did not see it.

It may be repeated with other folds. What a single draw of the folds certifies moves with the draw; the mean over a few
does so less (docs/learning.md has the figures).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from tierwise.router_model.predicting.chain import Floats, n_chain_rows, row_probabilities, states_of
from tierwise.training.engines.engine import Engine
from tierwise.training.engines.local import LocalEngine
from tierwise.training.fitting.chain_model import ChainModel, fit_chain_model
from tierwise.training.fitting.costs import CostModel, fit_cost_model, log_cost_centre
from tierwise.training.fitting.task_ends import SeenOutcomes, TaskEnds
from tierwise.training.fitting.tier_classifier import BoosterParams

_N_STAGES = 8
_LOCAL = LocalEngine()


@dataclass(frozen=True, slots=True)
class CrossFit:
    """``scores`` float64 [r, n, 2 k - 1] and ``log_cost`` float64 [r, n, k] are held-out predictions by repeat;
    ``n_rounds`` is the number of boosting rounds, out of a few stages, with the best held-out likelihood over all."""

    scores: Floats
    log_cost: Floats
    n_rounds: int

    def take(self, steps: NDArray[np.int64]) -> "CrossFit":
        """The predictions of some of the steps."""
        return CrossFit(self.scores[:, steps], self.log_cost[:, steps], self.n_rounds)


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """``vectors`` float32 [m, d] of the n steps, and of copies of them, steps first; ``step`` int64 [m] is whose copy.

    ``success`` and ``cost_usd`` float64 [n, k] and ``weight`` float64 [n] belong to the steps, as does ``folds`` int64
    [r, n], one row a repeat of the cross-fitting. ``ends`` is what their tasks' ends say of the steps: it helps to fit,
    and nothing is judged by it.
    """

    vectors: NDArray[np.float32]
    step: NDArray[np.int64]
    success: Floats
    cost_usd: Floats
    folds: NDArray[np.int64]
    weight: Floats
    ends: TaskEnds | None = None

    def fit(self, is_used: NDArray[np.bool_], params: BoosterParams, seed: int) -> tuple[ChainModel, CostModel]:
        """Models fitted to the steps of ``is_used`` bool [n] and to their copies."""
        rows = np.flatnonzero(is_used[self.step])
        vectors, step = self.vectors[rows], self.step[rows]
        weight = self.weight[step]
        ends = None if self.ends is None else self._ends(self.ends, rows, step)
        model = fit_chain_model(vectors, self.success[step], weight, params, seed, ends)
        usual = log_cost_centre(self.cost_usd)
        return model, fit_cost_model(vectors, self.cost_usd[step], seed, params.n_threads, weight, usual)

    def judged(self, steps: NDArray[np.int64]) -> "TrainingRows":
        """What some of the steps are judged by: their own outcomes, without vectors to fit to."""
        nothing = self.vectors[:0], self.step[:0]
        return TrainingRows(
            *nothing, self.success[steps], self.cost_usd[steps], self.folds[:, steps], self.weight[steps]
        )

    def _ends(self, ends: TaskEnds, rows: NDArray[np.int64], step: NDArray[np.int64]) -> TaskEnds:
        """Of the rows of a fit. Copies of a step are no further steps of its task."""
        found = ends.take(step[rows < len(self.success)])
        return found.padded(len(rows))


@dataclass(frozen=True, slots=True)
class _Fits:
    """What the fits of all folds share."""

    rows: TrainingRows
    params: BoosterParams
    seed: int
    stages: list[int]


@dataclass(frozen=True, slots=True)
class _Part:
    """A fold of one repeat."""

    repeat: int
    fold: int


@dataclass(frozen=True, slots=True)
class _HeldOutFold:
    """``staged`` float64 [stages, m, 2 k - 1] and ``log_cost`` float64 [m, k] of the m steps of a fold."""

    staged: Floats
    log_cost: Floats


def cross_fit(
    rows: TrainingRows,
    params: BoosterParams,
    seed: int,
    on_fold: Callable[[], None],
    engine: Engine = _LOCAL,
) -> CrossFit:
    """Fits one classifier and one cost model a fold and repeat, on the other folds; ``on_fold`` is called after each.

    Copies help to fit and are not predicted. Folds of one process run one after the other: LightGBM once crashed where
    two threads built boosters at the same time.
    """
    n_steps, n_tiers = rows.success.shape
    stages = [max(1, params.n_rounds * (i + 1) // _N_STAGES) for i in range(_N_STAGES)]
    n_repeats = len(rows.folds)
    staged = np.zeros((_N_STAGES, n_repeats, n_steps, n_chain_rows(n_tiers)))
    log_cost = np.zeros((n_repeats, n_steps, n_tiers))
    parts = [_Part(repeat, fold) for repeat in range(n_repeats) for fold in np.unique(rows.folds[repeat]).tolist()]
    for part, found in zip(parts, engine.map(fit_fold, _Fits(rows, params, seed, stages), parts), strict=True):
        held_out = rows.folds[part.repeat] == part.fold
        staged[:, part.repeat, held_out], log_cost[part.repeat, held_out] = found.staged, found.log_cost
        on_fold()
    best = int(np.argmax([_log_likelihood(scores, rows) for scores in staged]))
    return CrossFit(staged[best], log_cost, stages[best])


# Matrices here are thin: BLAS threads would only wait for each other, and their number moves the last bits of a sum.
@threadpool_limits.wrap(limits=1, user_api="blas")  # type: ignore[untyped-decorator]
def fit_fold(fits: _Fits, part: _Part) -> _HeldOutFold:
    """One fold of a repeat, predicted by models of all others."""
    rows = fits.rows
    held_out = rows.folds[part.repeat] == part.fold
    model, cost_model = rows.fit(~held_out, fits.params, repeat_seed(fits.seed, part.repeat))
    vectors = rows.vectors[: len(held_out)][held_out]
    return _HeldOutFold(model.staged_scores(vectors, fits.stages), cost_model.log_cost(vectors))


def repeat_seed(seed: int, repeat: int) -> int:
    """The seed of a repeat; the first has that of the training, and those of nearby trainings never meet."""
    return seed + 10_007 * repeat


def with_rounds(params: BoosterParams, n_rounds: int) -> BoosterParams:
    """The same parameters for another number of boosting rounds."""
    return replace(params, n_rounds=n_rounds)


def _log_likelihood(scores: Floats, rows: TrainingRows) -> float:
    """Of all repeats, for scores float64 [r, n, 2 k - 1]; of tasks' ends where no step has an outcome of its own."""
    ends = rows.ends if np.isnan(rows.success).all() else None
    seen = SeenOutcomes(rows.success, rows.weight, ends)
    found = [seen.posterior(*states_of(row_probabilities(repeat))).log_likelihood for repeat in scores]
    return float(seen.weight @ np.sum(found, axis=0))
