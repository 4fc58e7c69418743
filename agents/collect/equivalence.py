"""A judge that says whether two answers to one task mean the same, asked twice with the answers in either order.

Models favour the place an answer stands in (Zheng et al., "Judging LLM-as-a-Judge", 2023). What the judge says only in
one order is half a verdict. A verdict is an opinion until a person's labels have said what it is worth.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.agents.attempts import Allowance, AllowanceError, AttemptSettings
from tierwise.agents.attempts.calling import ChatCall, call_tier
from tierwise.agents.collect.journal import Journal
from tierwise.agents.upstreams import Line, unfenced
from tierwise.data.compared.mirrored import answer_text
from tierwise.data.records import Attempt, Step

PROMPT = """Two answers to the same task follow. Say whether they mean the same: whether whoever asked could use one in
place of the other without any difference that matters. Other wording, order or layout is no difference unless the task
asks for a certain form. You do not judge whether they are right.

Task:
{task}

Answer 1:
{first}

Answer 2:
{second}

Reply with only JSON: {{"same": true or false, "difference": "the one that matters most, in one sentence, or empty"}}"""
MAX_TASK_CHARS = 12_000
MAX_ANSWER_CHARS = 12_000


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers to one step; ``tier`` is that of the cheaper one."""

    step_id: str
    step: Step
    tier: str
    ours: Attempt
    theirs: Attempt


@dataclass(frozen=True, slots=True)
class Equivalence:
    """``score`` is 1 where the judge found the answers the same in both orders, 0 in none, 0.5 in one."""

    score: float
    difference: str
    cost_usd: float


class EquivalenceJudge:
    """Asks the models of ``lines``, the first that answers, within ``allowance``."""

    def __init__(self, lines: Sequence[Line], allowance: Allowance, settings: AttemptSettings) -> None:
        self._lines = lines
        self._allowance = allowance
        self._settings = settings

    async def compare(self, pair: Pair) -> Equivalence | None:
        """None where the judge could not be asked, or said nothing usable. Raises ``AllowanceError``."""
        answers = [_short(answer_text(each), MAX_ANSWER_CHARS) for each in (pair.ours, pair.theirs)]
        said = [await self._ask(pair.step, answers), await self._ask(pair.step, answers[::-1])]
        if any(each is None for each in said):
            return None
        found = [each for each in said if each is not None]
        differences = (each.difference for each in found if each.difference)
        return Equivalence(sum(each.score for each in found) / 2, next(differences, ""), sum(e.cost_usd for e in found))

    async def _ask(self, step: Step, answers: Sequence[str]) -> Equivalence | None:
        task = _short(step.prompt, MAX_TASK_CHARS)
        prompt = PROMPT.format(task=task, first=answers[0], second=answers[1])
        asked = Step(text=prompt, task_type="judge", extra={"role": "judge"})
        messages = [{"role": "user", "content": prompt}]
        call = ChatCall(asked, messages, {"temperature": 0, "max_tokens": 200})
        tried = await call_tier(self._lines, call, self._allowance, self._settings)
        reply = tried[-1].reply if tried else None
        if reply is None:
            return None
        verdict = _verdict(reply.text)
        return None if verdict is None else Equivalence(*verdict, reply.cost_usd or 0.0)


async def judge_pairs(
    pairs: Iterable[Pair], judge: EquivalenceJudge, journal: Journal, n_at_once: int = 8
) -> AsyncIterator[str | None]:
    """Judges the pairs that the journal does not hold yet; yields after each, with a reason where money ended it."""
    left = [pair for pair in pairs if not journal.holds(pair.step_id, pair.tier)]
    for start in range(0, len(left), n_at_once):
        batch = left[start : start + n_at_once]
        found = await asyncio.gather(*(judge.compare(pair) for pair in batch), return_exceptions=True)
        for pair, verdict in zip(batch, found, strict=True):
            if isinstance(verdict, AllowanceError):
                yield str(verdict)
                return
            if isinstance(verdict, BaseException):
                raise verdict
            if verdict is not None:
                journal.append(pair.step_id, _entry(pair, verdict))
            yield None


def _entry(pair: Pair, verdict: Equivalence) -> dict[str, Any]:
    return {
        "tier": pair.tier,
        "judge_score": verdict.score,
        "difference": verdict.difference,
        "cost_usd": verdict.cost_usd,
    }


def _verdict(text: str) -> tuple[float, str] | None:
    try:
        said = json.loads(unfenced(text))
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("same"), bool):
        return None
    return float(said["same"]), str(said.get("difference") or "")


def _short(text: str, n_chars: int) -> str:
    """The beginning and the end of what is too long for a judge."""
    if len(text) <= n_chars:
        return text
    return f"{text[: n_chars // 2]}\n[...]\n{text[-n_chars // 2 :]}"
