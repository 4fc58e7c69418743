"""Honest evaluation of tier decisions: full information, off-policy, calibration, slices, synthetic worlds, report.

Reports and pictures need matplotlib and are imported from :mod:`tierwise.training.evaluation.reporting.report`.
"""

from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.calibration import TierCalibration, measure_calibration
from tierwise.training.evaluation.cascades.escalation import (
    EscalationReport,
    escalate,
    evaluate_cascade,
    evaluate_escalation,
)
from tierwise.training.evaluation.curve import Curve, Forecast, Skill, SkillTable, measure_skills
from tierwise.training.evaluation.decisions import evaluate_decisions
from tierwise.training.evaluation.errors import EvaluationError, Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.evaluation import Evaluation, FullInformation
from tierwise.training.evaluation.full_information import (
    ChoiceReport,
    evaluate_choice,
    evaluate_constants,
    evaluate_mix,
    evaluate_oracle,
)
from tierwise.training.evaluation.logged.logged_choices import LoggedChoices, logged_choices
from tierwise.training.evaluation.logged.off_policy import OffPolicyReport, evaluate_off_policy
from tierwise.training.evaluation.outcomes import FullOutcomes, full_outcomes
from tierwise.training.evaluation.reporting.table_rows import TableRow
from tierwise.training.evaluation.reporting.tables import result_table
from tierwise.training.evaluation.slices import Slice, SliceReport, measure_slices, slice_labels
from tierwise.training.evaluation.synthetic.worlds import World

__all__ = [
    "Bootstrap",
    "ChoiceReport",
    "Curve",
    "EscalationReport",
    "Estimate",
    "Evaluation",
    "EvaluationError",
    "Forecast",
    "FullInformation",
    "FullOutcomes",
    "LoggedChoices",
    "OffPolicyReport",
    "Refusal",
    "Skill",
    "SkillTable",
    "Slice",
    "SliceReport",
    "TableRow",
    "TierCalibration",
    "World",
    "escalate",
    "evaluate_cascade",
    "evaluate_choice",
    "evaluate_constants",
    "evaluate_decisions",
    "evaluate_escalation",
    "evaluate_mix",
    "evaluate_off_policy",
    "evaluate_oracle",
    "full_outcomes",
    "logged_choices",
    "measure_calibration",
    "measure_skills",
    "measure_slices",
    "result_table",
    "slice_labels",
]
