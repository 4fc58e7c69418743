"""The evidence of answers as numbers: one row an answer, NaN for whatever is not known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.answers import AnswerKey, Question
from tierwise.data.answers.json_answer import inner_schema, json_in
from tierwise.data.answers.question import MAX_ANSWER_CHARS
from tierwise.data.records import Step
from tierwise.features.evidence.agreement import agreement, grounding, overlap
from tierwise.features.evidence.answer import Answer
from tierwise.features.evidence.signs import (
    refusal,
    repetition,
    truncation,
    validity_of_calls,
    validity_of_json,
    words_in,
)

KEY_KINDS = (
    "calls", "no_call", "json", "choice", "label", "number", "date", "time", "value", "code", "text", "exact",
)  # fmt: skip
OWN_NAMES = (
    "logprob_mean", "logprob_min", "logprob_tokens",
    "has_key", "bits", "kind", "grounding", "validity",
    "refusal", "truncation", "repetition", "chars", "words", "lines", "tokens", "calls", "digits", "fences",
)  # fmt: skip
ASKED_FOR = ("logprob_mean", "logprob_min", "logprob_tokens", "votes", "votes_same")
"""What one caller has and another has not: providers give log-probabilities, and models are sampled, where asked."""

_UNKNOWN = [math.nan] * len(OWN_NAMES)


@dataclass(frozen=True, slots=True)
class _Read:
    """An answer with what was read from it."""

    answer: Answer
    key: AnswerKey | None
    words: list[str]
    own: list[float]


class StepEvidence:
    """The answers to a step, each read once, for evidence of any of them together."""

    def __init__(self, step: Step, answers: Sequence[Answer]) -> None:
        question = Question(step)
        prompt = set(words_in(step.prompt))
        self._read = [_read(step, answer, question, prompt) for answer in answers]

    def rows(self, tiers: Sequence[str] | None = None) -> NDArray[np.float32]:
        """As ``evidence_rows`` of the answers on ``tiers``, or of all, as if there were no others."""
        read = [one for one in self._read if tiers is None or one.answer.tier in tiers]
        rows = np.full((len(read), len(EVIDENCE_NAMES)), np.nan, dtype=np.float32)
        for place, one in enumerate(read):
            others = [other for other in read if other.answer.tier != one.answer.tier]
            votes = [other for at, other in enumerate(read) if at != place and other.answer.tier == one.answer.tier]
            shown = others[-1].own if others else _UNKNOWN
            rows[place] = [*one.own, *_among(one, others, votes).values(), *shown]
        return rows


def evidence_rows(step: Step, answers: Sequence[Answer]) -> NDArray[np.float32]:
    """One row of ``EVIDENCE_NAMES`` an answer, float32 [n, len(EVIDENCE_NAMES)], NaN where nothing is known.

    Answers on other tiers are *others*; further ones on the same tier are *votes* of its model. The last of the others,
    the dearest where ``answers`` stand in the order of their tiers, also shows its own evidence. Nothing but the step
    and the answers is looked at.
    """
    return StepEvidence(step, answers).rows()


def answers_alone(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Evidence rows float32 [m, e or more] as of a caller who has the answers and nothing that must be asked for."""
    names = {*ASKED_FOR, *(f"other_{name}" for name in ASKED_FOR)}
    alone = rows.copy()
    alone[:, [place for place, name in enumerate(EVIDENCE_NAMES) if name in names]] = np.nan
    return alone


def _read(step: Step, answer: Answer, question: Question, prompt: set[str]) -> _Read:
    key = answer.key(question) if answer.is_known else None
    is_readable = key is not None and key.kind in {"calls", "json"} and key.digest_id is None and key.body[:1] != "#"
    words = words_in(key.body if is_readable and key is not None else answer.output)
    own = _logprobs(answer) | (_of_key(key) if answer.is_known else {}) | _of_text(answer.output)
    own["truncation"] = truncation(answer.output, answer.finish_reason)
    own["repetition"] = repetition(words)
    own["grounding"] = grounding(set(words), prompt)
    own["validity"] = _validity(step, question, answer)
    own["tokens"] = math.nan if answer.output_tokens is None else math.log1p(answer.output_tokens)
    own["calls"] = math.nan if answer.tool_calls is None else float(len(answer.tool_calls))
    return _Read(answer, key, words, [own.get(name, math.nan) for name in OWN_NAMES])


def _validity(step: Step, question: Question, answer: Answer) -> float:
    if step.tools:
        return validity_of_calls(question.calls(answer.output, answer.tool_calls), step.tools)
    if step.response_schema is None or answer.output is None or len(answer.output) > MAX_ANSWER_CHARS:
        return math.nan
    return validity_of_json(json_in(answer.output), inner_schema(step.response_schema))


def _logprobs(answer: Answer) -> dict[str, float]:
    if answer.logprobs is None:
        return {}
    found = answer.logprobs
    return {"logprob_mean": found.mean, "logprob_min": found.min, "logprob_tokens": math.log1p(found.n)}


def _of_key(key: AnswerKey | None) -> dict[str, float]:
    if key is None:
        return {"has_key": 0.0}
    kind = KEY_KINDS.index(key.kind) if key.kind in KEY_KINDS else math.nan
    return {"has_key": 1.0, "bits": key.bits, "kind": float(kind)}


def _of_text(text: str | None) -> dict[str, float]:
    if text is None:
        return {}
    head = text[:4_000]
    return {
        "refusal": refusal(text),
        "chars": math.log1p(len(text)),
        "words": math.log1p(text.count(" ")),
        "lines": math.log1p(text.count("\n")),
        "digits": sum(map(str.isdigit, head)) / max(len(head), 1),
        "fences": float("```" in text),
    }


def _among(one: _Read, others: Sequence[_Read], votes: Sequence[_Read]) -> dict[str, float]:
    """Against the answers of other tiers, of several the means; and against further ones of the same model."""
    found = agreement(one.key, [other.key for other in others])
    words = set(one.words)
    lengths = [len(other.words) - len(one.words) for other in others]
    return {
        "others_compared": float(found.n_compared) if others else math.nan,
        "others_same": found.share_same if others else math.nan,
        "others_overlap": _mean([overlap(words, set(other.words)) for other in others]),
        "others_length": _mean([math.copysign(math.log1p(abs(length)), length) for length in lengths]),
        "votes": float(len(votes)) if votes else math.nan,
        "votes_same": agreement(one.key, [vote.key for vote in votes]).share_same if votes else math.nan,
    }


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return sum(known) / len(known) if known else math.nan


_AMONG_NAMES = tuple(_among(_Read(Answer(""), None, [], _UNKNOWN), (), ()))
EVIDENCE_NAMES = (*OWN_NAMES, *_AMONG_NAMES, *(f"other_{name}" for name in OWN_NAMES))
