"""From a step log to one row a task: tasks are what an experiment assigns, so tasks are what it counts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.compared.mirrored import is_mirror
from tierwise.data.records import Attempt, LoggedStep
from tierwise.training.evaluation.bootstrap import FloatArray
from tierwise.training.evaluation.errors import EvaluationError

DEFAULT_SETTLE_SECONDS = 900.0
_LONGEST_SECONDS = 86_400.0

ArmShares = Callable[[float], Sequence[float]]
"""The probability of each arm for a task that begins at a moment (seconds since the epoch)."""


@dataclass(frozen=True, slots=True, eq=False)
class ExperimentTasks:
    """``n`` tasks in the order in which they began, and what came of them.

    ``arm``          int64 [n], index into ``arms``: the arm of the task's first decision, whatever came later
    ``p_arms``       float64 [n, a]: the probability of each arm when the task began
    ``success``      float64 [n]: share of its steps that ended well, of those whose end is known; NaN when of none
    ``is_done``      float64 [n]: 1 when every known step ended well, 0 when not; NaN like ``success``
    ``cost_usd``     float64 [n]: cost of all attempts; NaN when one that was answered has no known cost, or none has
    ``latency_ms``   float64 [n]: of a step's attempts together, mean over its steps; NaN when none is known
    ``escalations``  float64 [n]: attempts beyond the first, per step that was attempted; NaN when none was
    ``covariates``   float64 [n, d]: what was known before the first decision
    """

    arms: tuple[str, ...]
    task_ids: tuple[str, ...]
    started_at: FloatArray
    arm: NDArray[np.int64]
    p_arms: FloatArray
    success: FloatArray
    is_done: FloatArray
    cost_usd: FloatArray
    latency_ms: FloatArray
    escalations: FloatArray
    covariates: FloatArray
    n_steps: int
    n_unsettled: int
    n_mixed: int

    def __len__(self) -> int:
        return len(self.arm)

    def column(self, metric: str) -> FloatArray:
        values: FloatArray = getattr(self, metric)
        return values


def experiment_tasks(
    steps: Sequence[LoggedStep],
    arms: Sequence[str],
    shares: ArmShares,
    now: float,
    settle_seconds: float = DEFAULT_SETTLE_SECONDS,
    covariates: Callable[[Sequence[LoggedStep]], FloatArray] | None = None,
) -> ExperimentTasks:
    """Reads the steps that carry one of ``arms`` and a time; the first arm is the control.

    A task counts once it is settled, its last decision older than ``settle_seconds``, and so are all that began before
    it: else an arm whose tasks take longer would be judged by its short ones. A task that has been open for a day holds
    nobody up; it counts as it is. A task whose decisions name several arms is counted in the arm that it began in
    (``n_mixed`` tells how many).
    """
    if len(arms) < 2 or len(set(arms)) != len(arms):
        raise EvaluationError(f"an experiment needs two different arms or more; it has {', '.join(arms) or 'none'}")
    by_task = _by_task(steps, set(arms))
    settled = _settled(by_task, now, settle_seconds)
    ordered = sorted(settled.items(), key=lambda item: (_time(item[1][0]), item[0]))
    firsts = [of[0] for _, of in ordered]
    index = {name: i for i, name in enumerate(arms)}
    rows = np.array([_measure(of) for _, of in ordered], dtype=np.float64).reshape(-1, 5)
    return ExperimentTasks(
        arms=tuple(arms),
        task_ids=tuple(task for task, _ in ordered),
        started_at=np.array([_time(first) for first in firsts]),
        arm=np.array([index[_arm(first)] for first in firsts], dtype=np.int64),
        p_arms=np.array([shares(_time(first)) for first in firsts], dtype=np.float64).reshape(-1, len(arms)),
        success=rows[:, 0],
        is_done=rows[:, 1],
        cost_usd=rows[:, 2],
        latency_ms=rows[:, 3],
        escalations=rows[:, 4],
        covariates=(covariates or step_covariates)(firsts),
        n_steps=sum(len(of) for of in settled.values()),
        n_unsettled=len(by_task) - len(settled),
        n_mixed=sum(len({_arm(step) for step in of}) > 1 for of in settled.values()),
    )


def step_covariates(steps: Sequence[LoggedStep]) -> FloatArray:
    """float64 [n, 7]: what the step itself says before anything is decided."""
    return np.array([_covariates(logged) for logged in steps], dtype=np.float64).reshape(-1, 7)


def ended_well(attempts: Sequence[Attempt]) -> float:
    """1 or 0 by the last attempt whose success is known; NaN when none is."""
    known = [attempt.success for attempt in attempts if attempt.success is not None]
    return float(known[-1]) if known else float("nan")


def _by_task(steps: Sequence[LoggedStep], arms: set[str]) -> dict[str, list[LoggedStep]]:
    found: dict[str, list[LoggedStep]] = {}
    for logged in sorted((s for s in steps if s.timestamp is not None), key=_time):
        if logged.decision is not None and logged.decision.arm in arms:
            found.setdefault(logged.task_id or logged.step_id, []).append(logged)
    return found


def _settled(by_task: dict[str, list[LoggedStep]], now: float, settle_seconds: float) -> dict[str, list[LoggedStep]]:
    """The tasks that began before every one that is still open."""
    open_since = [_time(of[0]) for of in by_task.values() if _time(of[-1]) > now - settle_seconds]
    first_open = min((began for began in open_since if began > now - _LONGEST_SECONDS), default=float("inf"))
    return {task: of for task, of in by_task.items() if _time(of[0]) < first_open}


def _measure(steps: Sequence[LoggedStep]) -> list[float]:
    """Success, done, cost, latency and escalations of one task."""
    ends = [end for end in (ended_well(logged.attempts) for logged in steps) if not np.isnan(end)]
    attempted = [of for logged in steps if (of := [a for a in logged.attempts if not is_mirror(a)])]
    paid = [a for logged in steps for a in logged.attempts]
    costs = [a.cost_usd for a in paid if a.cost_usd is not None or (a.error is None and not is_mirror(a))]
    latencies = [sum(a.latency_ms for a in of if a.latency_ms is not None) for of in attempted if _has_latency(of)]
    nan = float("nan")
    return [
        float(np.mean(ends)) if ends else nan,
        float(min(ends)) if ends else nan,
        _total(costs),
        float(np.mean(latencies)) if latencies else nan,
        float(np.mean([len(of) - 1 for of in attempted])) if attempted else nan,
    ]


def _total(costs: Sequence[float | None]) -> float:
    """NaN when one is unknown: a missing price must not look like a saving."""
    known = [cost for cost in costs if cost is not None]
    return float(sum(known)) if known and len(known) == len(costs) else float("nan")


def _has_latency(attempts: Sequence[Attempt]) -> bool:
    return any(attempt.latency_ms is not None for attempt in attempts)


def _covariates(logged: LoggedStep) -> list[float]:
    step = logged.step
    return [
        5.5 if step.input_complexity is None else step.input_complexity,
        float(step.input_complexity is None),
        float(bool(step.requires_judgment)),
        float(np.log1p(len(step.prompt))),
        float(len(step.tools)),
        float(step.response_schema is not None),
        float(bool(step.human_visible)),
    ]


def _time(logged: LoggedStep) -> float:
    return float(logged.timestamp or 0.0)


def _arm(logged: LoggedStep) -> str:
    return (logged.decision.arm if logged.decision else None) or ""
