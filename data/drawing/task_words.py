"""How whole tasks ended, as attempts carry it: ``task_success`` on any one attempt of the task speaks of all of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tierwise.data.records import Attempt, LoggedStep


@dataclass(frozen=True, slots=True)
class RanStep:
    """What ran last on a step: its ``tier``, and whether that sufficed; None where nobody said."""

    tier: str
    success: bool | None


def ran_last(logged: LoggedStep) -> RanStep | None:
    """The last attempt, or the tier that was decided where none was reported; None where the log says neither."""
    if logged.attempts:
        return RanStep(logged.attempts[-1].tier, logged.attempts[-1].success)
    if logged.decision is not None and logged.decision.tier is not None:
        return RanStep(logged.decision.tier, None)
    return None


def task_success(logged: LoggedStep) -> bool | None:
    """What the step's attempts say of their task: of several words a failure counts."""
    said = [attempt.task_success for attempt in logged.attempts if attempt.task_success is not None]
    return all(said) if said else None


def without_mere_words(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """A report that knows nothing but how the task ended is no attempt: the last real one carries what it says.

    Where there is no other, it stays: it names the tier that ran.
    """
    real = [attempt for attempt in attempts if not is_mere_word(attempt)]
    if len(real) == len(attempts):
        return tuple(attempts)
    if not real:
        return (replace(attempts[-1], task_success=_said(attempts)),)
    return (*real[:-1], replace(real[-1], task_success=_said([real[-1], *filter(is_mere_word, attempts)])))


def _said(attempts: Sequence[Attempt]) -> bool:
    return all(attempt.task_success for attempt in attempts if attempt.task_success is not None)


def is_mere_word(attempt: Attempt) -> bool:
    """Whether an attempt says nothing but how its task ended."""
    return attempt.task_success is not None and not attempt.extra and attempt == _bare(attempt)


def _bare(attempt: Attempt) -> Attempt:
    """The same tier and word, and nothing else; who gave the word may stand beside it."""
    return Attempt(attempt.tier, attempt.model, task_success=attempt.task_success, evaluator=attempt.evaluator)
