"""A/B experiments by task, with intervals that may be looked at whenever one likes (docs/guides/experiments.md)."""

from tierwise.training.evaluation.experiments.comparison import ArmSummary, Comparison
from tierwise.training.evaluation.experiments.ramp import (
    DEFAULT_RAMP,
    RampStage,
    RampStep,
    Shadow,
    StopRules,
    next_shadow_step,
    next_step,
)
from tierwise.training.evaluation.experiments.sample_ratio import SampleRatio, check_sample_ratio
from tierwise.training.evaluation.experiments.tasks import ExperimentTasks, experiment_tasks
from tierwise.training.evaluation.experiments.verdict import Design, ExperimentReport, Ruling, analyse

__all__ = [
    "DEFAULT_RAMP",
    "ArmSummary",
    "Comparison",
    "Design",
    "ExperimentReport",
    "ExperimentTasks",
    "RampStage",
    "RampStep",
    "Ruling",
    "SampleRatio",
    "Shadow",
    "StopRules",
    "analyse",
    "check_sample_ratio",
    "experiment_tasks",
    "next_shadow_step",
    "next_step",
]
