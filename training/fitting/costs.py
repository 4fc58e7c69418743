"""What an attempt costs: the logged costs, completed by list prices, and the booster that predicts them."""

from collections.abc import Sequence
from dataclasses import dataclass

import lightgbm
import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.labels import OutcomeTable
from tierwise.data.records import LoggedStep
from tierwise.router_model.predicting.chain import Floats
from tierwise.router_model.predicting.predictor import tier_rows

MIN_LOGGED_COSTS = 30
MIN_COST_USD = 1e-9
_CHARS_PER_TOKEN = 4.0
_DEFAULT_OUTPUT_TOKENS = 150.0
_MIN_CHILD_SAMPLES = 20

_PARAMS = {
    "objective": "regression",
    "learning_rate": 0.08,
    "num_leaves": 15,
    "min_child_samples": _MIN_CHILD_SAMPLES,
    "feature_fraction": 0.5,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
_N_ROUNDS = 150


def complete_costs(steps: Sequence[LoggedStep], table: OutcomeTable, catalogue: TierCatalogue) -> Floats:
    """Costs float64 [n, k] in US dollars: logged ones, and list price times tokens for tiers with few logged.

    Tiers with ``MIN_LOGGED_COSTS`` or more keep NaN where a step has none. Raises ``CatalogueError`` for a tier with
    neither logged costs nor a price.
    """
    cost_usd = table.cost_usd.copy()
    n_logged = (~np.isnan(cost_usd)).sum(axis=0)
    for tier in np.flatnonzero(n_logged < min(MIN_LOGGED_COSTS, len(steps))):
        estimates = _list_price_costs(steps, int(tier), catalogue)
        if estimates is None:
            if n_logged[tier]:
                continue
            name = catalogue.names[tier]
            raise CatalogueError(
                f"tier '{name}' has neither logged costs nor a price; add a priced model to tiers.toml"
            )
        cost_usd[:, tier] = np.where(np.isnan(cost_usd[:, tier]), estimates, cost_usd[:, tier])
    return cost_usd


@dataclass(frozen=True, slots=True)
class CostModel:
    """``booster`` predicts, over (step, tier) rows, how far a log cost lies from its tier's ``centre`` float64 [k]."""

    booster: lightgbm.Booster
    centre: Floats

    def log_cost(self, vectors: NDArray[np.float32]) -> Floats:
        """Predicted log costs, float64 [n, k]."""
        deviation = np.asarray(self.booster.predict(tier_rows(vectors, len(self.centre))))
        return deviation.reshape(-1, len(self.centre)) + self.centre


def log_cost_centre(cost_usd: Floats) -> Floats:
    """The mean known log cost of every tier, float64 [k]; NaN for a tier of which none is known."""
    log_cost = np.log(np.maximum(cost_usd, MIN_COST_USD))
    n_known = (~np.isnan(log_cost)).sum(axis=0)
    return np.asarray(np.where(n_known > 0, np.nansum(log_cost, axis=0) / np.maximum(n_known, 1), np.nan))


def fit_cost_model(
    vectors: NDArray[np.float32], cost_usd: Floats, seed: int, n_threads: int, weight: Floats, usual: Floats
) -> CostModel:
    """Fits known costs float64 [n, k] in US dollars, NaN ones left out; ``weight`` float64 [n].

    ``usual`` float64 [k] is the log cost of a tier of which these rows know none. With too few costs for a single
    split, every cost is its tier's centre.
    """
    log_cost = np.log(np.maximum(cost_usd, MIN_COST_USD))
    is_known = ~np.isnan(log_cost)
    centre = log_cost_centre(cost_usd)
    centre = np.where(np.isnan(centre), usual, centre)
    if is_known.sum() < 2 * _MIN_CHILD_SAMPLES:
        return _constant_model(vectors.shape[1], centre)
    rows = tier_rows(vectors, cost_usd.shape[1])[is_known.ravel()]
    row_weight = np.repeat(weight, cost_usd.shape[1])[is_known.ravel()]
    dataset = lightgbm.Dataset(np.ascontiguousarray(rows), (log_cost - centre)[is_known], weight=row_weight)
    return CostModel(lightgbm.train(_PARAMS | {"seed": seed, "num_threads": n_threads}, dataset, _N_ROUNDS), centre)


def _constant_model(n_features: int, centre: Floats) -> CostModel:
    """A booster that says 0 for every row: one leaf, grown on rows that differ in nothing but the tier."""
    rows = tier_rows(np.zeros((2 * _MIN_CHILD_SAMPLES, n_features), dtype=np.float32), len(centre))
    dataset = lightgbm.Dataset(rows, np.zeros(len(rows)))
    return CostModel(lightgbm.train(_PARAMS | {"num_threads": 1}, dataset, 1), centre)


def _list_price_costs(steps: Sequence[LoggedStep], tier: int, catalogue: TierCatalogue) -> Floats | None:
    model = catalogue.tiers[tier].model
    if model is None or not model.has_prices:
        return None
    tokens_out = [
        attempt.output_tokens for step in steps for attempt in step.attempts if attempt.output_tokens is not None
    ]
    output_tokens = float(np.mean(tokens_out)) if tokens_out else _DEFAULT_OUTPUT_TOKENS
    return np.array([model.cost_usd(_input_tokens(step), output_tokens) for step in steps])


def _input_tokens(step: LoggedStep) -> float:
    if step.step.input_tokens is not None:
        return float(step.step.input_tokens)
    counts = [attempt.input_tokens for attempt in step.attempts if attempt.input_tokens is not None]
    return float(counts[0]) if counts else len(step.step.prompt) / _CHARS_PER_TOKEN
