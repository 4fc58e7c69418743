"""Answer keys: two answers to a step that have the same key mean the same. See docs/guides/answer-keys.md."""

from tierwise.data.answers.key import AnswerKey, digest_key, parse_key, same_answer
from tierwise.data.answers.question import Question, answer_key

__all__ = ["AnswerKey", "Question", "answer_key", "digest_key", "parse_key", "same_answer"]
