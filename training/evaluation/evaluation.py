"""Everything that was measured about one candidate, in one frozen record."""

import math
from dataclasses import dataclass

from tierwise.training.evaluation.calibration import TierCalibration
from tierwise.training.evaluation.curve import SkillTable
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.escalation import EscalationReport
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.full_information import ChoiceReport
from tierwise.training.evaluation.off_policy import OffPolicyReport
from tierwise.training.evaluation.off_policy_slices import OffPolicySlices
from tierwise.training.evaluation.slices import SliceReport


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The log that was evaluated on. ``n_complete`` steps know success and cost of every tier, and
    would whatever came of them (see :mod:`tierwise.training.evaluation.collection`).

    ``n_simulated`` counts simulated attempts by tier; ``p_cost_estimated`` is the share of costs that are estimates.
    """

    n_steps: int
    n_complete: int
    n_groups: int
    tier_names: tuple[str, ...]
    n_simulated: dict[str, int]
    p_cost_estimated: float
    n_unfamiliar: int
    n_fallback: int

    def to_dict(self) -> dict[str, object]:
        return {
            "n_steps": self.n_steps,
            "n_complete": self.n_complete,
            "n_groups": self.n_groups,
            "tiers": list(self.tier_names),
            "n_simulated_attempts": dict(self.n_simulated),
            "p_cost_estimated": self.p_cost_estimated,
            "n_unfamiliar": self.n_unfamiliar,
            "n_fallback": self.n_fallback,
        }


@dataclass(frozen=True, slots=True)
class EscalatingRun:
    """Escalation from where ``start`` would have sent each step."""

    start: str
    report: EscalationReport

    def to_dict(self) -> dict[str, object]:
        return {"start": self.start, **self.report.to_dict()}


@dataclass(frozen=True, slots=True)
class FullInformation:
    """What the complete steps say. ``choices`` maps always-TIER, rules, the candidate and oracle, in that order."""

    choices: dict[str, ChoiceReport]
    skills: SkillTable | Refusal
    slices: SliceReport
    escalation: tuple[EscalatingRun, ...]

    def to_dict(self) -> dict[str, object]:
        return {
            "choices": {name: report.to_dict() for name, report in self.choices.items()},
            "skills": self.skills.to_dict(),
            "slices": self.slices.to_dict(),
            "escalation": [run.to_dict() for run in self.escalation],
        }


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the result: a policy, how it was measured, and its estimates; None where there is none.

    ``refused`` says why the log could not tell.
    """

    name: str
    method: str
    success: Estimate | None
    cost_usd: Estimate | None
    loss: Estimate | None
    saving: Estimate | None
    refused: str | None = None

    def to_dict(self) -> dict[str, object]:
        names = ("success", "cost_usd", "loss", "saving")
        found = {name: getattr(self, name) for name in names}
        estimates: dict[str, object] = {name: None if e is None else e.to_dict() for name, e in found.items()}
        return {"name": self.name, "method": self.method, **estimates, "refused": self.refused}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One candidate, measured. ``candidate`` is its row's name; ``versions`` name the routers that decided.

    ``full_information`` is a refusal when no step knows every tier. ``off_policy`` holds one report or refusal a
    policy, and nothing when every step is complete, where it would only be the poorer answer; its slices are the
    candidate's. ``calibration`` is measured on complete steps and on first attempts.
    """

    candidate: str
    versions: tuple[str, ...]
    log: LogSummary
    full_information: FullInformation | Refusal
    calibration: tuple[TierCalibration, ...]
    off_policy: dict[str, OffPolicyReport | Refusal]
    off_policy_slices: OffPolicySlices | None = None

    def table(self) -> tuple[TableRow, ...]:
        """Always-each-tier, rules, the candidate and the oracle; measured in full where that is possible."""
        if isinstance(self.full_information, FullInformation):
            choices = self.full_information.choices
            return tuple(
                TableRow(name, "full information", c.success, c.cost_usd, c.loss, c.saving)
                for name, c in choices.items()
            )
        return tuple(_off_policy_row(name, report) for name, report in self.off_policy.items())

    def figures(self) -> dict[str, float]:
        """The candidate's main figures by a short name, as tracking keeps them; what was not measured is absent."""
        row = next(row for row in self.table() if row.name == self.candidate)
        measured = {"success": row.success, "cost_usd": row.cost_usd, "loss": row.loss, "saving": row.saving}
        full = self.full_information
        if isinstance(full, FullInformation) and isinstance(full.skills, SkillTable):
            measured["skill"] = full.skills.skills[self.candidate].skill
        measured |= {f"ece_{tier.tier}": tier.ece for tier in self.calibration}
        return {
            f"evaluation_{name}{end}": value
            for name, estimate in measured.items()
            if estimate is not None
            for end, value in (("", estimate.value), ("_low", estimate.low), ("_high", estimate.high))
            if math.isfinite(value)
        }

    def escalation(self) -> tuple[EscalatingRun, ...]:
        """The runs with a verifier; none where no step knows every tier."""
        return self.full_information.escalation if isinstance(self.full_information, FullInformation) else ()

    def to_dict(self) -> dict[str, object]:
        """JSON form; a value that does not exist is null."""
        return {
            "format": "tierwise-evaluation/1",
            "candidate": self.candidate,
            "versions": list(self.versions),
            "log": self.log.to_dict(),
            "table": [row.to_dict() for row in self.table()],
            "full_information": self.full_information.to_dict(),
            "calibration": [tier.to_dict() for tier in self.calibration],
            "off_policy": {name: report.to_dict() for name, report in self.off_policy.items()},
            "off_policy_slices": None if self.off_policy_slices is None else self.off_policy_slices.to_dict(),
        }


def _off_policy_row(name: str, report: OffPolicyReport | Refusal) -> TableRow:
    if isinstance(report, Refusal):
        return TableRow(name, "off-policy", None, None, None, None, refused=report.reason)
    method, value = ("doubly robust", report.dr) if report.dr else ("self-normalised IPS", report.snips)
    return TableRow(name, method, value.success, value.cost_usd, report.loss, report.saving)
