"""Everything that was measured about one candidate, in one frozen record."""

import math
from dataclasses import dataclass, field
from typing import get_args

from tierwise.training.evaluation.calibration import TierCalibration
from tierwise.training.evaluation.cascades.courses import CourseReport
from tierwise.training.evaluation.cascades.escalation import EscalationReport
from tierwise.training.evaluation.curve import SkillTable
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.full_information import ChoiceReport
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport
from tierwise.training.evaluation.logged.off_policy_slices import OffPolicySlices
from tierwise.training.evaluation.reporting.table_rows import Kind, TableRow, mark_best, measured_row, off_policy_row
from tierwise.training.evaluation.slices import SliceReport


@dataclass(frozen=True, slots=True)
class LogSummary:
    """The log that was evaluated on. ``n_complete`` steps know success and cost of every tier, and
    would whatever came of them (see :mod:`tierwise.training.evaluation.logged.collection`).

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
    """Escalation from where ``start`` would have sent each step; a plain one runs over the tiers that it names."""

    start: str
    report: EscalationReport
    is_plain: bool = False

    @property
    def name(self) -> str:
        return f"{self.start} + verifier {self.report.catch_rate:.0%}"

    def to_dict(self) -> dict[str, object]:
        return {"start": self.start, "is_plain": self.is_plain, **self.report.to_dict()}


@dataclass(frozen=True, slots=True)
class FullInformation:
    """What the complete steps say. ``choices`` maps always-TIER, rules, the candidate and oracle, in that order.

    ``models`` are those of tiers on which several ran; ``mix`` is the best random mix of tiers.
    """

    choices: dict[str, ChoiceReport]
    skills: SkillTable | Refusal
    slices: SliceReport
    escalation: tuple[EscalatingRun, ...]
    models: dict[str, ChoiceReport] = field(default_factory=dict)
    mix: ChoiceReport | None = None

    def to_dict(self) -> dict[str, object]:
        return {
            "choices": {name: report.to_dict() for name, report in self.choices.items()},
            "models": {name: report.to_dict() for name, report in self.models.items()},
            "mix": None if self.mix is None else self.mix.to_dict(),
            "skills": self.skills.to_dict(),
            "slices": self.slices.to_dict(),
            "escalation": [run.to_dict() for run in self.escalation],
        }


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One candidate, measured. ``candidate`` is its row's name; ``versions`` name the routers that decided.

    ``full_information`` is a refusal when no step knows every tier. ``off_policy`` holds one report or refusal a
    policy, and nothing when every step is complete, where it would only be the poorer answer; its slices are the
    candidate's. ``calibration`` is measured on complete steps and on first attempts. ``courses`` says what asking cheap
    tiers first comes to; None where nobody asked.
    """

    candidate: str
    versions: tuple[str, ...]
    log: LogSummary
    full_information: FullInformation | Refusal
    calibration: tuple[TierCalibration, ...]
    off_policy: dict[str, OffPolicyReport | Refusal]
    off_policy_slices: OffPolicySlices | None = None
    courses: CourseReport | Refusal | None = None

    def table(self) -> tuple[TableRow, ...]:
        """What needs no learning, the candidate and the oracle; off-policy only single shots, and no oracle."""
        if isinstance(self.full_information, FullInformation):
            return mark_best(self._full_rows(self.full_information))
        rows = [off_policy_row(name, self._kind(name), report) for name, report in self.off_policy.items()]
        return mark_best(rows)

    def _full_rows(self, full: FullInformation) -> list[TableRow]:
        """Without learning first, each kind together; then what learns, then what nobody can."""
        rows = [measured_row(name, self._kind(name), report) for name, report in full.choices.items()]
        rows += [measured_row(name, "model", report) for name, report in full.models.items()]
        rows += [measured_row("best-mix", "mix", full.mix)] if full.mix is not None else []
        rows += [
            measured_row(run.name, "cascade" if run.is_plain else "candidate cascade", run.report)
            for run in full.escalation
        ]
        kinds: tuple[Kind, ...] = get_args(Kind)
        return sorted(rows, key=lambda row: kinds.index(row.kind))

    def _kind(self, name: str) -> Kind:
        if name == self.candidate:
            return "candidate"
        return "rules" if name == "rules" else ("oracle" if name == "oracle" else "tier")

    def figures(self) -> dict[str, float]:
        """The candidate's main figures by a short name, as tracking keeps them; what was not measured is absent."""
        row = next(row for row in self.table() if row.name == self.candidate)
        measured = {"success": row.success, "cost_usd": row.cost_usd, "loss": row.loss, "saving": row.saving}
        measured["saving_relative"] = row.saving_relative
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
            "courses": None if self.courses is None else self.courses.to_dict(),
        }
