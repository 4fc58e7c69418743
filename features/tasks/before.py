"""What ``step.before`` says, read as a trajectory and as columns of its own.

A step whose messages hold actions is read by them; any other by what its caller, a memory or a rebuilt log tells.
"""

import math
from collections.abc import Sequence

from tierwise.data.parts import EarlierStep
from tierwise.data.records import Step
from tierwise.features.actions import KINDS, Action, Result, kind_of_name
from tierwise.features.trajectory import NOTHING_DONE, Trajectory, last_action_name, read_trajectory

_ANSWERED = "answer"
_UNKNOWN = -1.0


def trajectory_of(step: Step) -> Trajectory:
    """What was done before the step: by its messages, or else by what it is told."""
    found = read_trajectory(step.messages) if step.messages else NOTHING_DONE
    return found if found.actions or not step.before else _told(step.before)


def last_action(step: Step) -> str | None:
    """The name of the last action before the step, None where there is none."""
    found = last_action_name(step.messages) if step.messages else None
    return found if found is not None or not step.before else step.before[-1].action


def before_features(before: Sequence[EarlierStep]) -> dict[str, float]:
    """The columns by name, all finite; 0 or -1 in each where nothing is told."""
    last = before[-1] if before else EarlierStep()
    heights = [each.height for each in before if each.height is not None]
    tokens = [each.output_tokens for each in before if each.output_tokens is not None]
    return {
        "before_log_steps": math.log1p(len(before)),
        "before_success_share": _share([each.success is True for each in before]),
        "before_failure_share": _share([each.success is False for each in before]),
        "before_last_success": 0.0 if last.success is None else 1.0 if last.success else -1.0,
        "before_last_height": _UNKNOWN if last.height is None else last.height,
        "before_mean_height": sum(heights) / len(heights) if heights else _UNKNOWN,
        "before_escalated_share": _share([(each.n_attempts or 0) > 1 for each in before]),
        "before_log_last_tokens": math.log1p(last.output_tokens or 0),
        "before_log_mean_tokens": math.log1p(sum(tokens) / len(tokens)) if tokens else 0.0,
        "before_log_seconds": math.log1p(last.seconds_ago or 0.0),
        "before_log_task_seconds": math.log1p((before[0].seconds_ago or 0.0) if before else 0.0),
    }


def _told(before: Sequence[EarlierStep]) -> Trajectory:
    """One action a step; what is not known to be equal is taken to be different."""
    actions = tuple(
        Action(each.action or _ANSWERED, _kind(each), -1 - place if each.call is None else each.call, ())
        for place, each in enumerate(before)
    )
    return Trajectory(actions, tuple(_result(place, each) for place, each in enumerate(before)))


def _kind(step: EarlierStep) -> str:
    if step.kind in KINDS:
        return str(step.kind)
    return "other" if step.action is None else kind_of_name(step.action)


def _result(place: int, step: EarlierStep) -> Result | None:
    if step.success is None and step.result is None and step.error is None:
        return None
    is_failure = step.success is False or step.error is not None
    return Result(0, is_failure, False, step.error, -1 - place if step.result is None else step.result)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0


BEFORE_NAMES: tuple[str, ...] = tuple(before_features(()))
