"""Safe exploration, and the propensity that makes it worth its cost.

Now and then a decision tries a neighbouring tier instead of the one that the arm picked, so that the log also tells
what the tiers next to the usual choice would have done. It never leaves what guardrails and caller leave open, never
follows a failure, and its chance is small and known.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import fsum

from tierwise.data.records import Decision, Reason, Step
from tierwise.router_model.choosing.guardrails import open_tiers
from tierwise.router_model.decider import Decider
from tierwise.router_model.options import DecideOptions

EXPLORED_CODE = "explored"

_EXPLORED = re.compile(r"'.*' is tried instead of '(.*)', to learn how it does\.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Pick:
    """What one arm does with a step: the tier that its decider picked, and the open tiers next to it.

    ``share`` is the part of all tasks that the arm gets.
    """

    tier: str
    neighbours: tuple[str, ...]
    share: float = 1.0

    def drawn(self, exploration: float, unit: float) -> str:
        """The tier for ``unit``, a number in [0, 1): a neighbour for the first ``exploration`` of it."""
        if not self.neighbours or unit >= exploration:
            return self.tier
        return self.neighbours[min(int(unit / exploration * len(self.neighbours)), len(self.neighbours) - 1)]

    def p_tier(self, tier: str, exploration: float) -> float:
        """The probability with which this arm gives ``tier``."""
        if not self.neighbours:
            return float(tier == self.tier)
        if tier == self.tier:
            return 1.0 - exploration
        return exploration / len(self.neighbours) if tier in self.neighbours else 0.0


def propensity(tier: str, picks: Iterable[Pick], exploration: float) -> float:
    """The probability with which ``tier`` is chosen for a step: over the arms and over exploration.

    P(tier | step, options, session) = sum over the arms of share * P(the arm gives the tier), where an arm gives its
    decider's pick with 1 - exploration and each of n open neighbours with exploration / n. It is *not* the probability
    within the arm that the task happens to be in: that is 1 for every arm without exploration, and an estimate that
    divides by it would believe that nothing else could have been chosen. Off-policy estimates divide by the
    probability under everything that was random when the step was decided, and that includes the arm: then the logs
    of all arms are one log of one policy, and its weights average to 1.

    It takes the step as given. Where an arm shapes the later steps of its tasks (by what its models answer, or by
    ``session.current_tier``), the step itself hints at the arm, and step-wise estimates are approximations; comparing
    arms task by task needs no propensity and stays exact.
    """
    return min(1.0, fsum(pick.share * pick.p_tier(tier, exploration) for pick in picks))


def neighbours(decision: Decision, step: Step, options: DecideOptions, decider: Decider) -> tuple[str, ...]:
    """The tiers next to the decided one that may be tried instead; none after a failure or where trouble decided.

    A tier whose expected cost is unknown is not tried under ``max_cost_usd``.
    """
    if decision.is_fallback or step.retry:
        return ()
    catalogue = decider.catalogue
    allowed = open_tiers(step, options, decider.guardrails, catalogue)
    tier = catalogue.index(decision.tier)
    names = [catalogue.names[t] for t in (tier - 1, tier + 1) if allowed.low <= t <= allowed.high]
    limit, cost_usd = options.max_cost_usd, decision.expected_cost_usd
    return tuple(name for name in names if limit is None or cost_usd.get(name, float("inf")) <= limit)


def explored(decision: Decision, tier: str, decider: Decider) -> Decision:
    """``decision`` with a neighbouring tier instead of the picked one, and the reason why."""
    model = decider.catalogue.tiers[decider.catalogue.index(tier)].model
    reason = Reason(EXPLORED_CODE, f"'{tier}' is tried instead of '{decision.tier}', to learn how it does.")
    return replace(decision, tier=tier, model=model.name if model else None, reason=reason)


def picked_tier(reason_text: str) -> str | None:
    """The tier that the arm had picked, from the reason of an explored decision; None where it does not say.

    >>> picked_tier("'mid' is tried instead of 'small', to learn how it does.")
    'small'
    """
    found = _EXPLORED.fullmatch(reason_text)
    return found[1] if found else None
