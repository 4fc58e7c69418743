"""The lines of a result table: each policy, and which of the plain ones is the best of its kind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol, TypeVar

from tierwise.training.evaluation.cascades.escalation import EscalationReport
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.full_information import ChoiceReport
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport

Kind = Literal["tier", "model", "mix", "cascade", "rules", "candidate", "candidate cascade", "oracle"]
PLAIN_KINDS: tuple[Kind, ...] = ("tier", "model", "cascade")
"""Of which there are several, so that the best is marked."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the result: a policy, how it was measured, and its estimates; None where there is none.

    ``saving`` is in dollars, ``saving_relative`` counts each step's costs in its own on the top tier. ``catch_rate`` is
    the share of failures that a verifier catches, None for a single shot. ``is_best`` marks the tier, the model and the
    cascade that a person would have picked afterwards. ``refused`` says why the log could not tell.
    """

    name: str
    method: str
    success: Estimate | None
    cost_usd: Estimate | None
    loss: Estimate | None
    saving: Estimate | None
    refused: str | None = None
    saving_relative: Estimate | None = None
    kind: Kind = "tier"
    catch_rate: float | None = None
    is_best: bool = False

    @property
    def label(self) -> str:
        """The name, with a mark on the best of its kind."""
        return f"{self.name} *" if self.is_best else self.name

    def to_dict(self) -> dict[str, object]:
        names = ("success", "cost_usd", "loss", "saving", "saving_relative")
        found = {name: getattr(self, name) for name in names}
        estimates: dict[str, object] = {name: None if e is None else e.to_dict() for name, e in found.items()}
        plain = {name: getattr(self, name) for name in ("kind", "catch_rate", "is_best", "refused")}
        return {"name": self.name, "method": self.method, **estimates, **plain}


def measured_row(name: str, kind: Kind, report: ChoiceReport | EscalationReport) -> TableRow:
    """The line of what was counted on complete steps."""
    return TableRow(
        name=name,
        method="full information",
        success=report.success,
        cost_usd=report.cost_usd,
        loss=report.loss,
        saving=report.saving,
        saving_relative=report.saving_relative,
        kind=kind,
        catch_rate=report.catch_rate if isinstance(report, EscalationReport) else None,
    )


def off_policy_row(name: str, kind: Kind, report: OffPolicyReport | Refusal) -> TableRow:
    """The line of what was estimated from the choices of the log."""
    if isinstance(report, Refusal):
        return TableRow(name, "off-policy", None, None, None, None, refused=report.reason, kind=kind)
    method, value = ("doubly robust", report.dr) if report.dr else ("self-normalised IPS", report.snips)
    return TableRow(name, method, value.success, value.cost_usd, report.loss, report.saving, kind=kind)


def mark_best(rows: Sequence[TableRow]) -> tuple[TableRow, ...]:
    """``rows`` with the best tier, the best model and, for each catch rate, the best cascade marked.

    The best is the cheapest of those that lose no more than the candidate does in the same operation; where all lose
    more, the one that loses least.
    """
    lost = {row.catch_rate: row.loss.value for row in rows if row.kind.startswith("candidate") and row.loss is not None}
    best = set()
    for kind, rate in sorted({(row.kind, row.catch_rate or 0.0) for row in rows if row.kind in PLAIN_KINDS}):
        peers = [row for row in rows if row.kind == kind and (row.catch_rate or 0.0) == rate]
        found = best_of(
            [row for row in peers if row.loss is not None and row.saving is not None], lost.get(rate or None)
        )
        if found is not None:
            best.add(found.name)
    return tuple(replace(row, is_best=row.name in best) for row in rows)


class Measured(Protocol):
    """A row with a loss and a saving."""

    @property
    def loss(self) -> Estimate | None: ...

    @property
    def saving(self) -> Estimate | None: ...


_Row = TypeVar("_Row", bound=Measured)


def best_of(peers: Sequence[_Row], lost: float | None) -> _Row | None:
    """The one that saves most of those that lose at most ``lost``; where all lose more, the one that loses least."""
    if not peers or lost is None:
        return None
    enough = [row for row in peers if _value(row.loss) <= lost + 1e-12]
    if enough:
        return max(enough, key=lambda row: _value(row.saving))
    return min(peers, key=lambda row: _value(row.loss))


def _value(estimate: Estimate | None) -> float:
    return float("inf") if estimate is None else estimate.value
