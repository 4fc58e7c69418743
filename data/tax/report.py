"""The tax of a log, whole and by agent, node and task type, with the split over tiers and what it comes to a month."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.labels import OutcomeTable, outcome_table
from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.text import redact_name
from tierwise.data.tax.bounds import NeededTiers, Range, expected_tax, needed_shares, needed_tiers, tax_bounds
from tierwise.data.tax.costs import Floats, StepCosts, TaxError, step_costs
from tierwise.data.tax.money import JUDGE, OVERHEAD, SERVING, ModelMoney, Saving, by_model, purpose_of

DAYS_PER_MONTH = 30.4375
SECONDS_PER_DAY = 86_400.0
REFERENCE_SPLIT = (0.90, 0.09, 0.01)
"""Small, mid, frontier: the split that agents' steps are often said to need."""

Expectation = Callable[[Sequence[LoggedStep]], Floats]


@dataclass(frozen=True, slots=True)
class GroupTax:
    """The steps of one agent, node or task type. ``n_known`` of them have a known cheapest enough tier.

    ``expected_tax_usd`` is a router's estimate, and None without one.
    """

    name: str
    n_steps: int
    n_known: int
    paid_usd: float
    tax_usd: Range
    expected_tax_usd: float | None = None

    @property
    def needed_usd(self) -> Range:
        """What the cheapest enough tiers would have cost; what was paid where nothing is enough or less was paid."""
        return Range(self.paid_usd - self.tax_usd.high, self.paid_usd - self.tax_usd.low)

    def share(self, usd: float) -> float:
        return usd / self.paid_usd if self.paid_usd else 0.0


@dataclass(frozen=True, slots=True)
class TierShare:
    """A tier's share of the steps that ended on it, of the money, each attempt's on its own tier, and of the steps for
    which it was the cheapest enough."""

    tier: str
    used: float
    paid: float
    needed: Range
    expected_needed: float | None
    reference: float | None


@dataclass(frozen=True, slots=True)
class Projection:
    """A range of US dollars for a stretch of use, with the assumptions that it rests on in words."""

    name: str
    paid_usd: float
    tax_usd: Range
    expected_tax_usd: float | None
    assumption: str


@dataclass(frozen=True, slots=True)
class TaxReport:
    """``groups`` by what they are grouped by. The counts say what the figures leave out or lean on.

    ``n_unpaid``: steps without an attempt or with one of unknown cost, which are in no figure. ``n_in_vain``: steps
    that every tier is known to fail on, and ``in_vain_usd`` what they cost. ``n_after_success``: steps that went on
    after a success, as collected logs do and production does not. ``models`` are what served, the dearest first.
    """

    total: GroupTax
    groups: Mapping[str, tuple[GroupTax, ...]]
    split: tuple[TierShare, ...]
    days: float | None
    n_unpaid: int
    n_estimated: int
    n_in_vain: int
    in_vain_usd: float
    n_after_success: int
    n_simulated: int
    models: tuple[ModelMoney, ...]
    saving: Saving

    def per_month(self, days: float | None = None) -> Projection | None:
        """None where the log covers less than a day and ``days`` does not say otherwise."""
        days = self.days if days is None else days
        if days is None or days < 1:
            return None
        assumption = f"the {days:.1f} days of the log are like every day; a month has {DAYS_PER_MONTH} days"
        return self._scaled("a month", DAYS_PER_MONTH / days, assumption)

    def per_users(self, n_daily_users: int, steps_per_user: float) -> Projection:
        """What ``n_daily_users`` with ``steps_per_user`` steps a day each come to a month."""
        n_steps = n_daily_users * steps_per_user * DAYS_PER_MONTH
        assumption = f"{steps_per_user:g} steps a user and day, of the same kinds and sizes as in the log"
        name = f"{n_daily_users:,} daily users, a month"
        return self._scaled(name, n_steps / self.total.n_steps, assumption)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def _scaled(self, name: str, factor: float, assumption: str) -> Projection:
        tax, expected = self.total.tax_usd, self.total.expected_tax_usd
        return Projection(
            name,
            self.total.paid_usd * factor,
            Range(tax.low * factor, tax.high * factor),
            None if expected is None else expected * factor,
            assumption,
        )


def frontier_tax(
    steps: Sequence[LoggedStep],
    catalogue: TierCatalogue,
    as_if: str | None = None,
    expectation: Expectation | None = None,
) -> TaxReport:
    """The tax of ``steps``. ``as_if`` names a tier on which every step is taken to have run, once.

    ``expectation`` gives P(some tier up to t succeeds), float64 [n, k], for what the log leaves open. Raises
    ``TaxError`` when no step has a known cost.
    """
    tried = [step for step in steps if step.attempts]
    if not tried:
        raise TaxError("no step of the log has an attempt; the tax needs to know what was run")
    table = outcome_table(tried, catalogue.names)
    costs = step_costs(tried, table, catalogue)
    if as_if is not None:
        costs = costs.as_if_on(catalogue.index(as_if))
    is_paid = ~np.isnan(costs.paid)
    if not is_paid.any():
        raise TaxError(
            "no attempt of the log has a cost; log cost_usd or tokens, and give prices in tiers.toml (--tiers)"
        )
    kept = [step for step, known in zip(tried, is_paid, strict=True) if known]
    table, costs = table.take(is_paid), costs.take(is_paid)
    used = [as_if or _ended_on(step) for step in kept]
    rows = _Rows.of(table, costs, None if expectation is None else expectation(kept))
    return TaxReport(
        total=rows.group("all", np.ones(len(kept), dtype=bool)),
        groups=_groups(rows, kept),
        split=rows.split(catalogue.names, used),
        days=_days(kept),
        n_unpaid=len(steps) - len(kept),
        n_estimated=int(costs.is_estimate.sum()),
        n_in_vain=int(rows.needed.is_none.sum()),
        in_vain_usd=float(costs.paid[rows.needed.is_none].sum()),
        n_after_success=sum(any(attempt.success for attempt in step.attempts[:-1]) for step in kept),
        n_simulated=sum(step.has_simulated_attempts for step in kept),
        models=() if as_if else by_model(kept, catalogue),
        saving=_saving(costs),
    )


def _groups(rows: "_Rows", kept: Sequence[LoggedStep]) -> dict[str, tuple[GroupTax, ...]]:
    """The dearest first, months in their order."""
    found = {
        name: rows.groups([label if (label := pick(step)) is None else redact_name(label) for step in kept])
        for name, pick in _GROUPINGS.items()
    }
    return found | {"month": tuple(sorted(found["month"], key=lambda group: group.name))}


def _saving(costs: StepCosts) -> Saving:
    mirror, audit, judge = costs.overhead.sum(axis=0).tolist()
    serves = costs.overhead[:, OVERHEAD.index(JUDGE)] == 0  # nobody would judge where everything runs on the top tier
    return Saving(float(costs.by_tier[serves, -1].sum()), float(costs.paid.sum()), mirror, audit, judge)


def _ended_on(step: LoggedStep) -> str:
    """The tier of the last attempt that served the caller."""
    served = [attempt.tier for attempt in step.attempts if purpose_of(step, attempt) == SERVING]
    return served[-1] if served else step.attempts[-1].tier


def _month(logged: LoggedStep) -> str | None:
    return None if logged.timestamp is None else f"{datetime.fromtimestamp(logged.timestamp, UTC):%Y-%m}"


_GROUPINGS: Mapping[str, Callable[[LoggedStep], str | None]] = {
    "agent": lambda logged: logged.step.agent,
    "node": lambda logged: logged.step.node,
    "task type": lambda logged: logged.step.task_type,
    "month": _month,
}


@dataclass(frozen=True, slots=True)
class _Rows:
    """Everything by step: ``low``, ``high`` and ``expected`` are the tax, float64 [n]."""

    paid: Floats
    on_tier: Floats
    needed: NeededTiers
    low: Floats
    high: Floats
    expected: Floats | None
    expected_shares: Floats | None

    @classmethod
    def of(cls, table: OutcomeTable, costs: StepCosts, p_enough: Floats | None) -> "_Rows":
        needed = needed_tiers(table)
        low, high = tax_bounds(costs.paid, costs.by_tier, needed)
        if p_enough is None:
            return cls(costs.paid, costs.on_tier, needed, low, high, None, None)
        expected = expected_tax(costs.paid, costs.by_tier, needed, p_enough)
        return cls(costs.paid, costs.on_tier, needed, low, high, expected, needed_shares(needed, p_enough))

    def group(self, name: str, rows: NDArray[np.bool_]) -> GroupTax:
        return GroupTax(
            name=name,
            n_steps=int(rows.sum()),
            n_known=int(self.needed.is_known[rows].sum()),
            paid_usd=float(self.paid[rows].sum()),
            tax_usd=Range(float(self.low[rows].sum()), float(self.high[rows].sum())),
            expected_tax_usd=None if self.expected is None else float(self.expected[rows].sum()),
        )

    def groups(self, names: Sequence[str | None]) -> tuple[GroupTax, ...]:
        """Dearest first; steps without a name stand under "(not logged)". Empty where no step has one."""
        if not any(names):
            return ()
        keys = np.array([name or "(not logged)" for name in names], dtype=object)
        found = [self.group(str(key), keys == key) for key in dict.fromkeys(keys.tolist())]
        return tuple(sorted(found, key=lambda group: -group.paid_usd))

    def split(self, tiers: Sequence[str], used: Sequence[str]) -> tuple[TierShare, ...]:
        is_sure = self.needed.may_be & self.needed.is_known[:, None]
        where = np.array(used, dtype=object)
        reference = REFERENCE_SPLIT if len(tiers) == len(REFERENCE_SPLIT) else [None] * len(tiers)
        total = self.paid.sum()
        return tuple(
            TierShare(
                tier=name,
                used=float((where == name).mean()),
                paid=float(self.on_tier[:, t].sum() / total) if total else 0.0,
                needed=Range(float(is_sure[:, t].mean()), float(self.needed.may_be[:, t].mean())),
                expected_needed=None if self.expected_shares is None else float(self.expected_shares[:, t].mean()),
                reference=reference[t],
            )
            for t, name in enumerate(tiers)
        )


def _days(steps: Sequence[LoggedStep]) -> float | None:
    times = [step.timestamp for step in steps if step.timestamp is not None]
    return (max(times) - min(times)) / SECONDS_PER_DAY if times else None
