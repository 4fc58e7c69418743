"""Trajectory features: what happened before a step, read off the tool calls and results of its messages.

A step that is given as text, or a conversation without actions, has 0 in every column: in a log of such steps the
columns carry nothing. Counts of the whole prefix are cheap; the rest looks at its last ``WINDOW`` messages.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tierwise.data.records import Message
from tierwise.features.actions import KINDS, Action, Result, actions_of, result_of

WINDOW: Final = 64
"""Messages, some 32 actions with their results."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """Actions with their results, oldest first, of the window; a result is None where none came.

    The streaks count how many of the last ones in a row are alike: ``n_repeated`` the same call with the same result,
    ``n_failures`` failing results. They tell a loop and a run of trouble.
    """

    actions: tuple[Action, ...] = ()
    results: tuple[Result | None, ...] = ()

    @property
    def n_repeated(self) -> int:
        pairs = [(action.call, result and result.digest) for action, result in self._pairs]
        return _streak(pairs)

    @property
    def n_failures(self) -> int:
        n = 0
        for result in reversed(self.results):
            if result is None or not result.is_failure:
                break
            n += 1
        return n

    @property
    def _pairs(self) -> list[tuple[Action, Result | None]]:
        return list(zip(self.actions, self.results, strict=True))


NOTHING_DONE: Final = Trajectory()


def read_trajectory(messages: Sequence[Message]) -> Trajectory:
    """What the last messages tell; results belong to the actions before them, in order."""
    actions: list[Action] = []
    results: list[Result | None] = []
    n_answered = 0
    for message in messages[-WINDOW:]:
        found = actions_of(message)
        if found:
            n_answered = len(actions)
            actions += found
            results += [None] * len(found)
        elif n_answered < len(actions) and (result := result_of(message)) is not None:
            results[n_answered] = result
            n_answered += 1
    return Trajectory(tuple(actions), tuple(results)) if actions else NOTHING_DONE


def last_action_name(messages: Sequence[Message]) -> str | None:
    """The name of the last action, None where there is none."""
    for message in reversed(messages[-WINDOW:]):
        found = actions_of(message)
        if found:
            return found[-1].name
    return None


def trajectory_features(trajectory: Trajectory) -> dict[str, float]:
    """The trajectory columns by name, all finite."""
    return _columns(trajectory) if trajectory.actions else _NOTHING


def _columns(trajectory: Trajectory) -> dict[str, float]:
    actions = trajectory.actions
    n = len(actions)
    kinds = Counter(action.kind for action in actions)
    results = [result for result in trajectory.results if result is not None]
    calls = [action.call for action in actions]
    failures = [result is not None and result.is_failure for result in trajectory.results]
    paths = {path for action in actions for path in action.paths}
    last = results[-1] if results else None
    n_result_chars = sum(result.n_chars for result in results)
    return {
        "log_actions": math.log1p(n),
        "log_action_names": math.log1p(len({action.name for action in actions})),
        **{f"share_of_{kind}": kinds[kind] / n for kind in KINDS},
        **{f"last_is_{kind}": float(actions[-1].kind == kind) for kind in KINDS},
        "repeated_call_share": 1 - len(set(calls)) / n,
        "repeated_call_streak": float(_streak(calls)),
        "repeated_result_streak": float(trajectory.n_repeated),
        "failure_share": sum(failures) / n,
        "failure_streak": float(trajectory.n_failures),
        "repeated_error_streak": float(_error_streak(results)),
        "steps_since_failure": _since(failures),
        "steps_since_edit": _since([action.kind == "edit" for action in actions]),
        "steps_since_test": _since([action.kind == "test" for action in actions]),
        "last_has_traceback": float(last is not None and last.has_traceback),
        "log_last_result_chars": math.log1p(last.n_chars) if last else 0.0,
        "log_mean_result_chars": math.log1p(n_result_chars / len(results)) if results else 0.0,
        "log_paths": math.log1p(len(paths)),
        "has_plan": float(kinds["plan"] > 0),
    }


def _streak(values: Sequence[object]) -> int:
    """How many of the last values in a row equal the last one, itself not counted."""
    n = 0
    for value in reversed(values[:-1]):
        if value != values[-1]:
            break
        n += 1
    return n


def _error_streak(results: Sequence[Result]) -> int:
    """The streak of one and the same error at the end."""
    return _streak([result.error for result in results]) if results and results[-1].error is not None else 0


def _since(flags: Sequence[bool]) -> float:
    """Steps since the last flag that is set, on a log scale; as long ago as the window reaches where none is."""
    n = next((ago for ago, flag in enumerate(reversed(flags)) if flag), WINDOW)
    return math.log1p(n)


_NOTHING = dict.fromkeys(_columns(Trajectory((Action("", KINDS[0], 0, ()),), (None,))), 0.0)

TRAJECTORY_NAMES: tuple[str, ...] = tuple(_NOTHING)
