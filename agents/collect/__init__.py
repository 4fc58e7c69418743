"""Run steps on models to learn which tier is enough: who answers, who judges, a journal that survives interruptions,
and the log with full information that comes of it.
"""

from __future__ import annotations

from tierwise.agents.collect.answerer import Answer, Answerer, LocalAnswerer, UpstreamAnswerer
from tierwise.agents.collect.backend import Backend, CollectError, Completion, ModelInfo
from tierwise.agents.collect.comparing import Compared, compared_steps, comparing_jobs
from tierwise.agents.collect.full_log import full_steps, missing_jobs
from tierwise.agents.collect.journal import Journal
from tierwise.agents.collect.judging import Judgement, can_be_judged, judge
from tierwise.agents.collect.runner import Job, Progress, read_steps, run_jobs

__all__ = [
    "Answer",
    "Answerer",
    "Backend",
    "CollectError",
    "Compared",
    "Completion",
    "Job",
    "Journal",
    "Judgement",
    "LocalAnswerer",
    "ModelInfo",
    "Progress",
    "UpstreamAnswerer",
    "can_be_judged",
    "compared_steps",
    "comparing_jobs",
    "full_steps",
    "judge",
    "missing_jobs",
    "read_steps",
    "run_jobs",
]
