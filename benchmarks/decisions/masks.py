"""Five kinds of log, cut out of one whose steps know every tier: what each way of logging would have left of it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedDecision, LoggedStep
from tierwise.router_model.rules import RulesRouter

EXPLORATION = 0.1

Mask = Callable[[LoggedStep, TierCatalogue, np.random.Generator], LoggedStep]


def full(logged: LoggedStep, catalogue: TierCatalogue, rng: np.random.Generator) -> LoggedStep:
    """Every tier was tried."""
    del catalogue, rng
    return logged


def one_random(logged: LoggedStep, catalogue: TierCatalogue, rng: np.random.Generator) -> LoggedStep:
    """One tier was tried, drawn uniformly."""
    tier = catalogue.names[rng.integers(len(catalogue))]
    return _kept(logged, [tier], LoggedDecision(tier=tier, policy="random", propensity=1 / len(catalogue)))


def escalation(logged: LoggedStep, catalogue: TierCatalogue, rng: np.random.Generator) -> LoggedStep:
    """The cheapest tier first, the next only after a failure."""
    del rng
    tried = []
    for tier in catalogue.names:
        tried.append(tier)
        if any(attempt.success for attempt in logged.attempts if attempt.tier == tier):
            break
    return _kept(logged, tried, LoggedDecision(tier=tried[0], policy="escalation", propensity=1.0))


def explored_rules(logged: LoggedStep, catalogue: TierCatalogue, rng: np.random.Generator) -> LoggedStep:
    """The seed heuristic's tier, but for a tenth of the steps, which draw one uniformly."""
    preferred = RulesRouter(catalogue).decide(logged.step).tier
    tier = catalogue.names[rng.integers(len(catalogue))] if rng.random() < EXPLORATION else preferred
    propensity = EXPLORATION / len(catalogue) + (1 - EXPLORATION) * (tier == preferred)
    return _kept(logged, [tier], LoggedDecision(tier=tier, policy="rules", propensity=propensity))


def mixed(logged: LoggedStep, catalogue: TierCatalogue, rng: np.random.Generator) -> LoggedStep:
    """Each step was logged in one of the other ways, drawn uniformly."""
    one = (full, one_random, escalation, explored_rules)[rng.integers(4)]
    return one(logged, catalogue, rng)


KINDS: dict[str, Mask] = {
    "full information": full,
    "one random attempt": one_random,
    "escalation": escalation,
    "rules with 10 % exploration": explored_rules,
    "mixed": mixed,
}


def masked(steps: Sequence[LoggedStep], kind: str, catalogue: TierCatalogue, seed: int) -> list[LoggedStep]:
    """``steps`` as a log of ``kind`` would hold them; the same seed gives the same log."""
    rng = np.random.default_rng(seed)
    return [KINDS[kind](step, catalogue, rng) for step in steps]


def _kept(logged: LoggedStep, tiers: Sequence[str], decision: LoggedDecision) -> LoggedStep:
    """The step with the attempts on ``tiers`` alone, in their order."""
    attempts = tuple(attempt for tier in tiers for attempt in logged.attempts if attempt.tier == tier)
    return replace(logged, attempts=attempts, decision=decision)
