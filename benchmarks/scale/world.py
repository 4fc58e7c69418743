"""What would come of a generated step: a world with known truth, tied to what real models did on the sample log.

No model can run a million steps here, so outcomes are drawn and every attempt is marked as simulated. For each
(family, difficulty) the success rates of the cheap tiers are those of the sample log's executed attempts, shrunk
towards one half by one step; the top tier's are assumed. On the probit scale each template shifts them by a draw of its
own and long prompts lower them. Tiers share most of their luck, as tiers do: what a small model solves, a large one
mostly solves too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from statistics import NormalDist
from typing import Any

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.samples import sample_log_path, sample_tiers_path
from tools.sample_log.rates import EXECUTED, pass_rate, read_log

TOP_RATES = {1: 0.985, 2: 0.96, 3: 0.9}
TEMPLATE_SD = 0.5
SHARED_LUCK = 0.75
LENGTH_SLOPE = 0.9
USUAL_CHARS = 300
P_ALL_TIERS, P_ESCALATED = 0.3, 0.5
CHARS_PER_TOKEN = 3.6
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class World:
    """``rates`` maps (family, difficulty) to the success rate of each tier, cheapest first."""

    catalogue: TierCatalogue
    rates: Mapping[tuple[str, int], tuple[float, ...]]

    def p_success(self, record: Mapping[str, Any]) -> list[float]:
        """The truth: the probability that each tier succeeds on this step."""
        text = record["step"]["text"]
        length = min(3.0, len(text) / USUAL_CHARS) - 1.0
        shift = Random(f"template/{record['template']}").gauss(0.0, TEMPLATE_SD) - 0.3 * LENGTH_SLOPE * length
        rates = self.rates[record["family"], record["difficulty"]]
        return [_NORMAL.cdf(_NORMAL.inv_cdf(rate) + shift) for rate in rates]

    def lived_through(self, record: dict[str, Any], rng: Random) -> dict[str, Any]:
        """The record with simulated attempts and, outside the format, its truth.

        A share of the steps was tried on every tier, another escalated from the cheapest up to the first success, the
        rest went to the one tier that the planner's complexity points at.
        """
        truth = self.p_success(record)
        luck = rng.gauss(0.0, 1.0)
        own = (1.0 - SHARED_LUCK**2) ** 0.5
        succeeded = [_NORMAL.cdf(SHARED_LUCK * luck + own * rng.gauss(0.0, 1.0)) < p for p in truth]
        attempts = [self._attempt(record, tier, succeeded[tier], rng) for tier in _tried(record, succeeded, rng)]
        return record | {"attempts": attempts, "truth": truth}

    def _attempt(self, record: Mapping[str, Any], tier: int, success: bool, rng: Random) -> dict[str, Any]:
        model = self.catalogue.tiers[tier].model
        assert model is not None
        tokens_in = record["step"]["input_tokens"]
        tokens_out = max(1, round(len(record["gold"]) / CHARS_PER_TOKEN * rng.lognormvariate(0.1 * tier, 0.4)))
        return {
            "tier": self.catalogue.names[tier],
            "model": model.name,
            "success": success,
            "input_tokens": tokens_in,
            "output_tokens": tokens_out,
            "cost_usd": model.cost_usd(tokens_in, tokens_out),
            "cost_is_estimate": True,
            "evaluator": "world",
            "simulated": True,
        }


@cache
def sample_world() -> World:
    """The world of the shipped sample log."""
    records = read_log(sample_log_path())
    kinds = {(record["family"], record["difficulty"]) for record in records}
    rates = {}
    for family, level in kinds:
        found = [pass_rate(records, tier, family=family, difficulty=level) for tier in EXECUTED]
        rates[family, level] = (*((one.n_passed + 0.5) / (one.n_steps + 1) for one in found), TOP_RATES[level])
    return World(TierCatalogue.load(sample_tiers_path()), rates)


def _tried(record: Mapping[str, Any], succeeded: list[bool], rng: Random) -> list[int]:
    kind, tiers = rng.random(), range(len(succeeded))
    if kind < P_ALL_TIERS:
        return list(tiers)
    if kind < P_ALL_TIERS + P_ESCALATED:
        return [tier for tier in tiers if not any(succeeded[:tier])]
    complexity = record["step"]["input_complexity"] or 5
    return [0 if complexity <= 3 else 1 if complexity <= 6 else 2]
