"""The target that needs no outcomes: an attempt succeeds when it answers what the top tier answered."""

from collections.abc import Sequence
from dataclasses import replace

from tierwise.data.answers import Question, same_answer
from tierwise.data.compared.mirrored import IS_SAME, has_answer, is_mirror
from tierwise.data.compared.sameness import attempt_key
from tierwise.data.records import Attempt, LoggedStep

SUCCESS, SAME_ANSWER = "success", "same-answer"
TARGETS = (SUCCESS, SAME_ANSWER)


def targeted(logged: LoggedStep, tiers: Sequence[str], target: str) -> LoggedStep:
    """The step as the target sees it. For ``same-answer`` whatever was known of success is forgotten: an attempt
    succeeds where its answer has the key of the top tier's first one, the last of ``tiers``; what has no key differs,
    and so does a mirrored call that failed. Attempts whose answers were not logged, and all where the top tier's was
    not, are unknown."""
    if target == SUCCESS:
        return logged
    top = next((one for one in logged.attempts if one.tier == tiers[-1] and has_answer(one)), None)
    question = Question(logged.step)
    found = tuple(
        replace(one, success=_is_same(question, one, top, tiers[-1]), score=None, task_success=None)
        for one in logged.attempts
    )
    return replace(logged, attempts=found)


def _is_same(question: Question, attempt: Attempt, top: Attempt | None, top_tier: str) -> bool | None:
    if top is None:
        return None
    if not has_answer(attempt):  # what was asked for comparison and failed is no random part of the work
        return False if is_mirror(attempt) and attempt.error is not None else None
    if attempt.tier == top_tier:
        return True
    told = attempt.extra.get(IS_SAME)
    if isinstance(told, bool):  # compared before redaction
        return told
    return same_answer(attempt_key(question, attempt), attempt_key(question, top)) is True
