"""Verdicts on collected answers: by the step's own `verify` spec, its response schema, or its tools."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tierwise.agents.attempts import Allowance, verifier_of
from tierwise.agents.upstreams import Reply
from tierwise.data.parsing import parse_step
from tierwise.data.samples.verifiers import verify

PROGRAMMATIC = "programmatic"


@dataclass(frozen=True, slots=True)
class Grade:
    """Whether an answer is right, and who says so; None is unknown."""

    success: bool | None
    evaluator: str | None
    message: str = ""


Judge = Callable[[dict[str, Any], Reply], Awaitable[Grade]]


def can_be_judged(record: dict[str, Any]) -> bool:
    """Whether the step says what is right."""
    return bool(record.get("verify")) or verifier_of(parse_step(record["step"])) is not None


async def judge(record: dict[str, Any], reply: Reply) -> Grade:
    """The verdict on `reply`; unknown where the step says nothing about what is right."""
    if record.get("verify"):  # kinds that run code start a process, which must not hold up the other calls
        return Grade(await asyncio.to_thread(verify, record["verify"], reply.text), PROGRAMMATIC)
    verifier = verifier_of(parse_step(record["step"]))
    if verifier is None:
        return Grade(None, None)
    verdict = await verifier.check(reply, Allowance())
    return Grade(verdict.passed, None if verdict.passed is None else verifier.name, verdict.message)
