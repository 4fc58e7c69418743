"""Mirrored steps: the top tier answered, cheaper tiers were asked the same, and the answers can be compared."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.courses import ran_course
from tierwise.data.records import Attempt, LoggedStep, ToolCall

MIRROR = "mirror"
"""The field of an attempt that says: asked in the background, for comparison only. Nobody was given its answer."""

MIRROR_KEY = "mirror-"
"""How the idempotency key of such an attempt begins."""

IS_SAME = "is_same"
"""The field of a mirrored attempt that says whether it means the same as the top tier's answer, before redaction."""

JUDGE_SCORE = "judge_score"
"""The field of an attempt with a judge's opinion on whether it means the same as the top tier's answer, 0 to 1."""

SAME_ANSWER = "same-answer"
"""The evaluator of an attempt that succeeded or failed by comparison with the top tier's answer."""


@dataclass(frozen=True, slots=True)
class MirroredStep:
    """A step with the top tier's answer and, by tier, whether a cheaper answer means the same (None: cannot be told).

    ``answers`` holds the cheaper attempts themselves, by tier.
    """

    logged: LoggedStep
    top: Attempt
    is_same: Mapping[str, bool | None]
    answers: Mapping[str, Attempt]


def is_mirror(attempt: Attempt) -> bool:
    """Whether the attempt was made for comparison only."""
    return attempt.extra.get(MIRROR) is True


def has_answer(attempt: Attempt) -> bool:
    """Whether the log kept what the attempt answered, or the key of it."""
    return bool(attempt.output or attempt.tool_calls or attempt.answer_key)


def answer_text(attempt: Attempt) -> str:
    """What the attempt answered, for people and judges: its text and the calls that it asked for."""
    calls = [f"{call.name}({_arguments(call)})" for call in attempt.tool_calls or ()]
    return "\n".join(part for part in (attempt.output or "", *calls) if part)


def _arguments(call: ToolCall) -> str:
    return call.arguments if isinstance(call.arguments, str) else json.dumps(dict(call.arguments), ensure_ascii=False)


def mirrored_steps(steps: Iterable[LoggedStep], top: str) -> Iterator[MirroredStep]:
    """The steps whose log holds an answer of the tier ``top`` and one of a cheaper tier. Simulated ones count too;
    the step says which they are. Steps of courses do not: what was asked hung on the cheap answers."""
    for logged in steps:
        if ran_course(logged):
            continue
        answered = {attempt.tier: attempt for attempt in reversed(logged.attempts) if has_answer(attempt)}
        ours = answered.pop(top, None)
        if ours is not None and answered:
            same = {tier: told_same(logged, ours, theirs) for tier, theirs in answered.items()}
            yield MirroredStep(logged, ours, same, answered)


def told_same(logged: LoggedStep, ours: Attempt, theirs: Attempt) -> bool | None:
    """Whether two answers to the step mean the same, by what was found before redaction where that was logged; None
    where nobody can tell."""
    told = theirs.extra.get(IS_SAME)
    return told if isinstance(told, bool) else is_same_answer(logged.step, ours, theirs)
