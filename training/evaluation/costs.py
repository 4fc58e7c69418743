"""What logged attempts cost: as logged, or from their own tokens and the list price of their tier."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import usage_of
from tierwise.data.labels import outcome_table
from tierwise.data.records import Attempt, LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class LoggedOutcomes:
    """``success`` in {0, 1, NaN} and ``cost_usd``, float64 [n, k], NaN unknown, and what to know about them.

    ``p_cost_estimated`` is the share of the known costs that are estimates; ``n_simulated`` counts simulated attempts
    by tier.
    """

    success: FloatArray
    cost_usd: FloatArray
    p_cost_estimated: float
    n_simulated: dict[str, int]


def logged_outcomes(steps: Sequence[LoggedStep], catalogue: TierCatalogue) -> LoggedOutcomes:
    """Reads success and cost of every attempt. A cost that is neither logged nor computable stays unknown."""
    table = outcome_table(steps, catalogue.names)
    cost_usd = table.cost_usd.copy()
    is_estimate = np.zeros(cost_usd.shape, dtype=np.bool_)
    n_simulated = dict.fromkeys(catalogue.names, 0)
    for row, logged in enumerate(steps):
        for attempt in logged.attempts:
            if attempt.tier not in n_simulated:
                continue
            n_simulated[attempt.tier] += attempt.simulated
            tier = catalogue.index(attempt.tier)
            is_estimate[row, tier] |= attempt.cost_is_estimate
            if np.isnan(cost_usd[row, tier]):
                cost_usd[row, tier] = list_price_usd(attempt, catalogue)
                is_estimate[row, tier] = True
    known = ~np.isnan(cost_usd)
    p_estimated = float(is_estimate[known].mean()) if known.any() else 0.0
    return LoggedOutcomes(table.success, cost_usd, p_estimated, {name: n for name, n in n_simulated.items() if n})


def list_price_usd(attempt: Attempt, catalogue: TierCatalogue) -> float:
    """Price of the attempt's own tokens; NaN when tokens or price are unknown."""
    models = catalogue.tiers[catalogue.index(attempt.tier)].models
    priced = [model for model in models if model.has_prices]
    same = [model for model in priced if model.name == attempt.model]
    if not priced or attempt.input_tokens is None or attempt.output_tokens is None:
        return float("nan")
    model = (same or priced)[0]
    cost_usd = model.usage_cost_usd(usage_of(attempt))
    return float("nan") if cost_usd is None else cost_usd
