"""The chapters of the demo: everything on the top tier, mirrored, certified, routed beside plain cascades, audited."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.mirrored import MirroredStep, mirrored_steps
from tierwise.data.records import Attempt, LoggedStep

if TYPE_CHECKING:
    from tierwise.training.evaluation.reporting.table_rows import TableRow


@dataclass(frozen=True, slots=True)
class Told:
    """The steps as a team has them that sent everything to the top tier and mirrored it: answers, and no verdicts."""

    steps: Sequence[LoggedStep]
    mirrored: Sequence[MirroredStep]
    top: str

    @classmethod
    def of(cls, steps: Sequence[LoggedStep], top: str) -> "Told":
        silent = [replace(step, attempts=tuple(without_verdict(a) for a in step.attempts)) for step in steps]
        return cls(silent, list(mirrored_steps(silent, top)), top)


def without_verdict(attempt: Attempt) -> Attempt:
    """The attempt as its model left it: nobody has said whether it was any good."""
    return replace(attempt, success=None, score=None, evaluator=None)


def top_lines(told: Told) -> Iterator[str]:
    """What the log tells before anything is asked."""
    paid = sum(a.cost_usd or 0.0 for step in told.steps for a in step.attempts if a.tier == told.top)
    n_tasks = len({step.task_id for step in told.steps})
    yield f"1. Everything on one model: {len(told.steps):,} steps of {n_tasks} tasks, {paid:.2f} USD on {told.top}."
    yield "   Nobody noted which answers were right."


def mirrored_lines(told: Told, catalogue: TierCatalogue) -> Iterator[str]:
    """What the cheaper tiers answered to the same steps."""
    yield f"2. Mirrored: the cheaper tiers answered the same {len(told.mirrored):,} steps, in the background."
    for tier in catalogue.names[:-1]:
        answers = [step for step in told.mirrored if tier in step.answers]
        n_same = sum(step.is_same[tier] is True for step in answers)
        paid = sum(step.answers[tier].cost_usd or 0.0 for step in answers)
        yield (
            f"   {tier:<9} {n_same:,} of {len(answers):,} answers ({n_same / max(1, len(answers)):.0%}) mean the same "
            f"as {told.top}'s; {paid:.4f} USD"
        )


def claim_lines(rows: Sequence["TableRow"]) -> Iterator[str]:
    """What the router surely saves beyond the best that needs no learning, in each operation where that can be told:
    intervals that overlap claim nothing."""
    yield "What is the router's own, in dollars saved beyond the best that needs no learning and loses no more:"
    for own in (row for row in rows if row.kind.startswith("candidate")):
        if own.saving is None or own.loss is None:
            continue
        plain = _best_plain(rows, own)
        how = "alone" if own.catch_rate is None else f"with a verifier that catches {own.catch_rate:.0%}"
        if plain is None or plain.saving is None:
            yield f"   {how}: {own.saving.value:.1%}; every plain way loses more than the router's {own.loss.value:.1%}"
            continue
        gained = own.saving.value - plain.saving.value
        is_sure = own.saving.low > plain.saving.high
        verdict = f"{gained:.1%} are the router's" if is_sure else "no saving of the router's own"
        yield f"   {how}: {own.saving.value:.1%}, {plain.name} {plain.saving.value:.1%}: {verdict}"


def _best_plain(rows: Sequence["TableRow"], own: "TableRow") -> "TableRow | None":
    """The plain way that saves most in the same operation at no more loss; single tiers and mixes without a verifier
    compete with every operation."""
    found = [
        row
        for row in rows
        if row.kind in ("tier", "model", "mix", "cascade")
        and row.catch_rate in (None, own.catch_rate)
        and row.loss is not None
        and row.saving is not None
        and own.loss is not None
        and row.loss.value <= own.loss.value + 1e-12
    ]
    return max(found, key=lambda row: 0.0 if row.saving is None else row.saving.value, default=None)
