"""Run steps on models to learn which tier is enough: who answers, who judges, a journal that survives interruptions,
and the log with full information that comes of it.
"""

from __future__ import annotations

from tierwise.agents.collect.answerer import Answer, Answerer, LocalAnswerer, UpstreamAnswerer
from tierwise.agents.collect.backend import Backend, CollectError, Completion, ModelInfo
from tierwise.agents.collect.comparing import (
    Compared,
    compared_steps,
    comparing_jobs,
    open_pairs,
    with_judge_scores,
)
from tierwise.agents.collect.equivalence import Equivalence, EquivalenceJudge, Pair, judge_pairs
from tierwise.agents.collect.full_log import full_steps, missing_jobs
from tierwise.agents.collect.journal import Journal
from tierwise.agents.collect.judging import Grade, can_be_judged, judge
from tierwise.agents.collect.runner import Job, Progress, read_steps, run_jobs

__all__ = [
    "Answer",
    "Answerer",
    "Backend",
    "CollectError",
    "Compared",
    "Completion",
    "Equivalence",
    "EquivalenceJudge",
    "Grade",
    "Job",
    "Journal",
    "LocalAnswerer",
    "ModelInfo",
    "Pair",
    "Progress",
    "UpstreamAnswerer",
    "can_be_judged",
    "compared_steps",
    "comparing_jobs",
    "full_steps",
    "judge",
    "judge_pairs",
    "missing_jobs",
    "open_pairs",
    "read_steps",
    "run_jobs",
    "with_judge_scores",
]
