"""Where the money went: by model, each attempt on its own, and what comparing cost beside serving."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import is_unbilled, price_of
from tierwise.data.compared.mirrored import is_mirror
from tierwise.data.courses import is_audit
from tierwise.data.records import Attempt, LoggedStep

SERVING, MIRROR, AUDIT, JUDGE = "serving", "mirror", "audit", "judge"
OVERHEAD = (MIRROR, AUDIT, JUDGE)


@dataclass(frozen=True, slots=True)
class ModelMoney:
    """What the attempts of one model came to. ``paid_usd`` counts serving alone."""

    model: str
    tier: str
    n_attempts: int
    paid_usd: float


@dataclass(frozen=True, slots=True)
class Saving:
    """What routing saved against always the top tier, in US dollars: an estimate, because nobody ran it there.

    ``top_usd`` is what the steps cost, or would have cost by their tokens and list prices, on the top tier;
    ``served_usd`` what serving them cost; ``overhead_usd`` what mirroring, auditing and judging cost.
    """

    top_usd: float
    served_usd: float
    mirror_usd: float
    audit_usd: float
    judge_usd: float

    @property
    def overhead_usd(self) -> float:
        return self.mirror_usd + self.audit_usd + self.judge_usd

    @property
    def net_usd(self) -> float:
        return self.top_usd - self.served_usd - self.overhead_usd

    @property
    def net_share(self) -> float:
        return self.net_usd / self.top_usd if self.top_usd else 0.0


def purpose_of(logged: LoggedStep, attempt: Attempt) -> str:
    """What an attempt was for: serving the caller, or comparing and judging beside that."""
    if is_audit(attempt):
        return AUDIT
    if is_mirror(attempt):
        return MIRROR
    return JUDGE if logged.step.extra.get("role") == JUDGE else SERVING


def cost_of(attempt: Attempt, catalogue: TierCatalogue) -> float | None:
    """US dollars: as logged, else by tokens and list prices; 0 for one that no provider bills, None unknown."""
    if attempt.cost_usd is not None:
        return attempt.cost_usd
    return 0.0 if is_unbilled(attempt) else price_of(attempt, catalogue)


def by_model(steps: Sequence[LoggedStep], catalogue: TierCatalogue) -> tuple[ModelMoney, ...]:
    """Every model that served, the dearest sum first; attempts that name none stand under their tier."""
    sums: dict[tuple[str, str], list[float]] = {}
    for attempt in _served(steps):
        found = sums.setdefault((attempt.model or f"({attempt.tier})", attempt.tier), [0.0, 0.0])
        found[0] += 1
        found[1] += cost_of(attempt, catalogue) or 0.0
    money = [ModelMoney(model, tier, int(n), usd) for (model, tier), (n, usd) in sums.items()]
    return tuple(sorted(money, key=lambda each: -each.paid_usd))


def _served(steps: Sequence[LoggedStep]) -> Iterator[Attempt]:
    return (attempt for step in steps for attempt in step.attempts if purpose_of(step, attempt) == SERVING)
