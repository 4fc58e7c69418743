"""Weak labels: what the end of a task says of its steps, where nobody said it of the steps themselves.

In this order a step is told by its own outcome; by what stands beside it, a prompt that was too long, an answer that
could not be read, or a next step that tries it again after an error; else by its task: all steps of one that succeeded
sufficed, and the failure of one that failed is shared out by likelihood
(:mod:`tierwise.training.fitting.task_ends`). A failure that is known explains its task, unless the step was tried
again.

Weak labels teach the predictor and nothing else: calibration, familiarity and certification see own outcomes alone.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tierwise.data.drawing.draw import DrawnSteps
from tierwise.data.drawing.task_draw import TaskWord
from tierwise.data.drawing.task_words import ran_last
from tierwise.data.records import LoggedStep
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import error_kind
from tierwise.router_model.choosing.policy import Policy
from tierwise.training.fitting.task_ends import TaskEnds

_MODELS_FAULT = (ErrorKind.CONTEXT, ErrorKind.OUTPUT)


def task_ends(
    steps: Sequence[LoggedStep], tasks: Mapping[str, TaskWord], tier_names: Sequence[str], weight: float
) -> TaskEnds | None:
    """What the ``tasks`` with a known end say of ``steps``; None where that is nothing, or counts nothing."""
    told = np.full((len(steps), len(tier_names)), np.nan)
    tier, task = (np.full(len(steps), -1, dtype=np.int64) for _ in range(2))
    index = {name: number for number, name in enumerate(tier_names)}
    for code, (task_id, rows) in enumerate(_rows_by_task(steps, tasks).items()):
        open_rows, is_explained = _told_apart(steps, rows, told, index)
        word = tasks[task_id]
        n_failed = sum(_has_failed(steps[row]) for row in rows)
        for row in open_rows:
            ran = index[_tier(steps[row])]
            if word.success:
                told[row, ran] = 1.0
            elif not is_explained and word.n_failed <= n_failed:
                tier[row], task[row] = ran, code
    size = np.bincount(task[task >= 0], minlength=1)[np.maximum(task, 0)] * (task >= 0)
    ends = TaskEnds(told, tier, task, size.astype(np.int64), weight)
    return ends if weight and ends.speaks.any() else None


def weak_steps(drawn: DrawnSteps, weight: float) -> tuple[LoggedStep, ...]:
    """The steps that only weak labels speak of; none where these count nothing."""
    return drawn.weak if weight else ()


def n_judged(drawn: DrawnSteps, least: int) -> int:
    """How many steps certification sees: those with an outcome of their own, which stand first. Where these are fewer
    than ``least`` it sees all, of which the others show it nothing."""
    return len(drawn.steps) if len(drawn.steps) >= least else len(drawn.steps) + len(drawn.weak)


def with_what_is_missing(policy: Policy, drawn: DrawnSteps, least: int) -> Policy:
    """Where nearly all that is known is how tasks ended, the policy says that it certifies nothing for that reason."""
    if len(drawn.steps) >= least:
        return policy
    n_known, n_weak = len(drawn.steps), len(drawn.weak)
    missing = f"of {n_weak} steps only the end of their task is known, and {n_known} have an outcome of their own"
    return replace(policy, missing=missing, parts=tuple(replace(part, missing=missing) for part in policy.parts))


def weak_summary(ends: TaskEnds | None) -> dict[str, Any]:
    """How many steps have a weak label; nothing where none has."""
    return {} if ends is None else {"n_weak": int(ends.speaks.sum()), "weak_weight": ends.weight}


def _rows_by_task(steps: Sequence[LoggedStep], tasks: Mapping[str, TaskWord]) -> Mapping[str, list[int]]:
    """The rows of each task, in the order in which its steps were made."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, logged in enumerate(steps):
        if logged.task_id is not None and logged.task_id in tasks:
            rows[logged.task_id].append(row)
    return {task: sorted(of, key=lambda row: _moment(steps[row])) for task, of in rows.items()}


def _moment(logged: LoggedStep) -> tuple[float, float, str]:
    index = logged.step.step_index
    return (
        float("inf") if index is None else index,
        float("inf") if logged.timestamp is None else logged.timestamp,
        logged.step_id,
    )


def _told_apart(
    steps: Sequence[LoggedStep], rows: Sequence[int], told: np.ndarray, index: Mapping[str, int]
) -> tuple[list[int], bool]:
    """The rows that the task has to speak for, and whether a step is known to have failed it. What stands beside a step
    goes into ``told``."""
    open_rows, is_explained = [], False
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        logged = steps[row]
        is_tried_again = following is not None and _is_retry(steps[following])
        is_failure = _has_failed(logged)
        ran = ran_last(logged)
        if ran is None or ran.tier not in index:
            is_explained = True  # what ran is not known here, and may be to blame
        elif ran.success is None and (_is_models_fault(logged) or is_tried_again):
            told[row, index[ran.tier]] = 0.0
            is_failure = True
        elif ran.success is None:
            open_rows.append(row)
        is_explained |= is_failure and not is_tried_again
    return open_rows, is_explained


def _is_retry(logged: LoggedStep) -> bool:
    return bool(logged.step.retry and logged.step.previous_error)


def _is_models_fault(logged: LoggedStep) -> bool:
    error = logged.attempts[-1].error if logged.attempts else None
    return error is not None and error_kind(error) in _MODELS_FAULT


def _has_failed(logged: LoggedStep) -> bool:
    ran = ran_last(logged)
    return ran is not None and ran.success is False


def _tier(logged: LoggedStep) -> str:
    ran = ran_last(logged)
    return "" if ran is None else ran.tier
