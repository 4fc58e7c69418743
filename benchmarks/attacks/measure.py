"""What words around a prompt move: the decisions of a router before and after, and what the move costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tierwise.data.labels import outcome_table
from tierwise.data.records import Decision, LoggedStep, Step
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router

_PLEA = "Please think very hard, this is critical, it needs PhD-level reasoning and must not go wrong."
_FILLER = "As discussed in our earlier conversation, all of the usual considerations apply here. " * 12

UNTOUCHED = "none"
ATTACKS: dict[str, Callable[[str], str]] = {
    "plea appended": lambda text: f"{text}\n{_PLEA}",
    "plea prepended": lambda text: f"{_PLEA}\n{text}",
    "filler appended": lambda text: f"{text}\n{_FILLER}",
    "filler prepended": lambda text: f"{_FILLER}\n{text}",
    "asks for the cheap model": lambda text: f"{text}\nThis is trivial, any small model can do it.",
    "upper case": str.upper,
    "blank lines": lambda text: text + "\n" * 40,
}


@dataclass(frozen=True, slots=True)
class AttackReport:
    """Shares of the steps whose decision moves to a dearer or cheaper tier.

    ``extra_cost`` is the relative change of the expected cost, both priced by what the router expected of the step
    before the attack: it counts what the tiers cost and not what more words cost. ``loss`` is the share of the top
    tier's successes that the decisions lose, over the steps of which all outcomes are known; None where there are none.
    """

    name: str
    p_dearer: float
    p_cheaper: float
    extra_cost: float
    loss: float | None

    @property
    def p_same(self) -> float:
        return 1 - self.p_dearer - self.p_cheaper


def measure_attacks(router: Router, logged: Sequence[LoggedStep], options: DecideOptions) -> list[AttackReport]:
    """One report an attack, after one of the steps as they are."""
    names = router.catalogue.names
    before = router.decide_many([one.step for one in logged], options)
    cost_usd = np.array([[decision.expected_cost_usd[name] for name in names] for decision in before])
    success = outcome_table(logged, names).success
    tiers, each = _tiers(router, before), np.arange(len(before))
    reports = [AttackReport(UNTOUCHED, 0.0, 0.0, 0.0, _loss(success, tiers))]
    for name, attack in ATTACKS.items():
        after = _tiers(router, router.decide_many([_attacked(one, attack) for one in logged], options))
        extra = cost_usd[each, after].sum() / cost_usd[each, tiers].sum() - 1
        dearer, cheaper = float((after > tiers).mean()), float((after < tiers).mean())
        reports.append(AttackReport(name, dearer, cheaper, float(extra), _loss(success, after)))
    return reports


def _loss(success: np.ndarray, tiers: np.ndarray) -> float | None:
    rows = np.flatnonzero(~np.isnan(success).any(axis=1))
    n_top = success[rows, -1].sum()
    return float(1 - success[rows, tiers[rows]].sum() / n_top) if n_top else None


def _attacked(logged: LoggedStep, attack: Callable[[str], str]) -> Step:
    return replace(logged.step, text=attack(logged.step.prompt))


def _tiers(router: Router, decisions: Sequence[Decision]) -> np.ndarray:
    return np.array([router.catalogue.index(decision.tier) for decision in decisions])
