"""An answer as evidence: all that is known when it has come, and nothing of what was found out about it later."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tierwise.data.answers import AnswerKey, Question, parse_key
from tierwise.data.records import Attempt, Logprobs, ToolCall


@dataclass(frozen=True, slots=True)
class Answer:
    """One model's answer to a step. Outcomes (success, score, error) have no place here, so none can leak."""

    tier: str
    output: str | None = None
    tool_calls: tuple[ToolCall, ...] | None = None
    answer_key: str | None = None
    logprobs: Logprobs | None = None
    finish_reason: str | None = None
    output_tokens: int | None = None

    @classmethod
    def of(cls, attempt: Attempt) -> "Answer":
        return cls(
            attempt.tier,
            attempt.output,
            attempt.tool_calls,
            attempt.answer_key,
            attempt.logprobs,
            attempt.finish_reason,
            attempt.output_tokens,
        )

    @property
    def is_known(self) -> bool:
        """Whether anything of the answer itself was recorded."""
        return self.output is not None or self.tool_calls is not None or self.answer_key is not None

    def key(self, question: Question) -> AnswerKey | None:
        """The key that was recorded, or else the one that is read from the answer."""
        if self.answer_key is not None:
            return parse_key(self.answer_key)
        return question.key(self.output, self.tool_calls)


def answers_of(attempts: Iterable[Attempt], tiers: Sequence[str]) -> tuple[Answer, ...]:
    """The recorded answers on ``tiers``, in the order of ``tiers`` and then of the attempts."""
    found = [Answer.of(attempt) for attempt in attempts if attempt.tier in tiers]
    known = [answer for answer in found if answer.is_known or answer.logprobs is not None]
    return tuple(sorted(known, key=lambda answer: list(tiers).index(answer.tier)))
