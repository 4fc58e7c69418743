"""Whether two answers to one step mean the same, by their answer keys."""

from tierwise.data.answers import AnswerKey, Question, parse_key, same_answer
from tierwise.data.records import Attempt, Step


def is_same_answer(step: Step, ours: Attempt, theirs: Attempt) -> bool | None:
    """None where that cannot be told: long prose has no key, and digests under two secrets do not compare.

    >>> is_same_answer(Step("How many are left?"), Attempt("a", output="12"), Attempt("b", output="Answer: **12**."))
    True
    """
    question = Question(step)
    return same_answer(attempt_key(question, ours), attempt_key(question, theirs))


def attempt_key(question: Question, attempt: Attempt) -> AnswerKey | None:
    """The key that the log holds, else that of the answer itself."""
    if attempt.answer_key:
        return parse_key(attempt.answer_key)
    return question.key(attempt.output, attempt.tool_calls)
