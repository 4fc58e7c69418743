"""What each step cost, and what one attempt on each tier would have cost.

A tier that was tried has the cost of that attempt. One that was not is charged the step's own tokens (input, output,
and the cached part) at the tier's list price, or, where there is none, at what the log paid a token on that tier.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import is_unbilled
from tierwise.data.errors import TierwiseError
from tierwise.data.labels import OutcomeTable
from tierwise.data.records import LoggedStep
from tierwise.data.tax.money import OVERHEAD, SERVING, cost_of, purpose_of

_CHARS_PER_TOKEN = 4.0
_USUAL_OUTPUT_TOKENS = 150.0

Floats = NDArray[np.float64]


class TaxError(TierwiseError):
    """A log of which the frontier tax cannot be computed; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class StepCosts:
    """US dollars. ``paid`` float64 [n] is what serving cost, NaN where an attempt's cost is unknown and cannot be
    computed; ``by_tier`` float64 [n, k] is one attempt on each tier; ``is_estimate`` bool [n]: ``paid`` leans on list
    prices; ``on_tier`` float64 [n, k] is what of ``paid`` went to each tier; ``overhead`` float64 [n, 3] what mirror,
    audit and judge cost beside it.
    """

    paid: Floats
    by_tier: Floats
    is_estimate: NDArray[np.bool_]
    on_tier: Floats
    overhead: Floats

    def take(self, rows: NDArray[np.bool_]) -> "StepCosts":
        return StepCosts(
            self.paid[rows], self.by_tier[rows], self.is_estimate[rows], self.on_tier[rows], self.overhead[rows]
        )

    def as_if_on(self, tier: int) -> "StepCosts":
        """Every step run once on ``tier``, and nothing beside."""
        on_tier = np.zeros_like(self.on_tier)
        on_tier[:, tier] = self.by_tier[:, tier]
        nothing = np.zeros_like(self.overhead)
        return StepCosts(self.by_tier[:, tier], self.by_tier, self.is_estimate, on_tier, nothing)


def step_costs(steps: Sequence[LoggedStep], table: OutcomeTable, catalogue: TierCatalogue) -> StepCosts:
    """Raises ``TaxError`` for a tier with neither a list price nor a logged cost."""
    tokens = _tokens(steps)
    by_tier = table.cost_usd.copy()
    for tier in range(table.n_tiers):
        is_unknown = np.isnan(by_tier[:, tier])
        if is_unknown.any():
            by_tier[is_unknown, tier] = _would_cost(tier, tokens, steps, catalogue)[is_unknown]
    paid, is_estimate = np.zeros(len(steps)), np.zeros(len(steps), dtype=bool)
    on_tier, overhead = np.zeros_like(by_tier), np.zeros((len(steps), len(OVERHEAD)))
    index = {name: tier for tier, name in enumerate(catalogue.names)}
    for row, step in enumerate(steps):
        for attempt in step.attempts:
            usd, purpose = cost_of(attempt, catalogue), purpose_of(step, attempt)
            if purpose != SERVING:
                overhead[row, OVERHEAD.index(purpose)] += usd or 0.0
                continue
            paid[row] += float("nan") if usd is None else usd
            is_estimate[row] |= attempt.cost_is_estimate or (attempt.cost_usd is None and not is_unbilled(attempt))
            if usd is not None and attempt.tier in index:
                on_tier[row, index[attempt.tier]] += usd
    return StepCosts(paid, by_tier, is_estimate, on_tier, overhead)


def _would_cost(tier: int, tokens: Floats, steps: Sequence[LoggedStep], catalogue: TierCatalogue) -> Floats:
    model = catalogue.tiers[tier].model
    if model is not None and model.has_prices:
        return np.array([model.cost_usd(*row) for row in tokens.tolist()])
    name = catalogue.names[tier]
    attempts = [attempt for step in steps for attempt in step.attempts if attempt.tier == name and attempt.cost_usd]
    counted = [attempt for attempt in attempts if attempt.input_tokens or attempt.output_tokens]
    n_tokens = sum((attempt.input_tokens or 0) + (attempt.output_tokens or 0) for attempt in counted)
    if n_tokens:
        usd_per_token = sum(attempt.cost_usd or 0.0 for attempt in counted) / n_tokens
        return np.asarray((tokens[:, 0] + tokens[:, 1]) * usd_per_token, dtype=np.float64)
    if attempts:
        return np.full(len(steps), sum(attempt.cost_usd or 0.0 for attempt in attempts) / len(attempts))
    raise TaxError(f"tier '{name}' has neither a price nor a logged cost; name a priced model in tiers.toml (--tiers)")


def _tokens(steps: Sequence[LoggedStep]) -> Floats:
    """Input, output and cached input tokens of a step, float64 [n, 3]: those of its last attempt that counted them."""
    known = [attempt.output_tokens for step in steps for attempt in step.attempts if attempt.output_tokens]
    usual_output = float(np.mean(known)) if known else _USUAL_OUTPUT_TOKENS
    return np.array([_step_tokens(step, usual_output) for step in steps], dtype=np.float64).reshape(-1, 3)


def _step_tokens(step: LoggedStep, usual_output: float) -> tuple[float, float, float]:
    for attempt in reversed(step.attempts):
        if attempt.input_tokens is not None and attempt.output_tokens:
            return float(attempt.input_tokens), float(attempt.output_tokens), float(attempt.cached_tokens or 0)
    n_input = step.step.input_tokens
    return (len(step.step.prompt) / _CHARS_PER_TOKEN if n_input is None else float(n_input)), usual_output, 0.0
