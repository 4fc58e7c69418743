"""Mirrored steps: the top tier answered, cheaper tiers were asked the same, and the answers can be compared."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.sameness import is_same_answer

MIRROR = "mirror"
"""The field of an attempt that says: asked in the background, for comparison only. Nobody was given its answer."""

MIRROR_KEY = "mirror-"
"""How the idempotency key of such an attempt begins."""

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
    return any(attempt.extra.get(name) for name in ("output", "tool_calls", "answer_key"))


def answer_text(attempt: Attempt) -> str:
    """What the attempt answered, for people and judges: its text and the calls that it asked for."""
    calls = attempt.extra.get("tool_calls")
    called = "" if not calls else json.dumps(calls, indent=1, ensure_ascii=False)
    return "\n".join(part for part in (str(attempt.extra.get("output") or ""), called) if part)


def mirrored_steps(steps: Iterable[LoggedStep], top: str) -> Iterator[MirroredStep]:
    """The steps whose log holds an answer of the tier ``top`` and one of a cheaper tier. Simulated ones count too;
    the step says which they are."""
    for logged in steps:
        answered = {attempt.tier: attempt for attempt in reversed(logged.attempts) if has_answer(attempt)}
        ours = answered.pop(top, None)
        if ours is not None and answered:
            same = {tier: is_same_answer(logged.step, ours, theirs) for tier, theirs in answered.items()}
            yield MirroredStep(logged, ours, same, answered)
