"""The parts of a generated step: a template (what recurs) and a case (what differs from step to step)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

Verify = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """A worked example in the prompt."""

    task: str
    answer: str


@dataclass(frozen=True, slots=True)
class Case:
    """One filled template. What a case leaves None comes from its template."""

    input: str
    gold: str
    verify: Verify
    instruction: str | None = None
    examples: tuple[Example, ...] | None = None
    tools: tuple[dict[str, Any], ...] = ()
    response_schema: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """A recurring step. `difficulty` is 1, 2 or 3; `max_tokens` bounds the answer."""

    family: str
    task_type: str
    difficulty: int
    name: str
    instruction: str
    examples: tuple[Example, ...]
    make: Callable[[Random], Case]
    max_tokens: int = 40

    @property
    def template_id(self) -> str:
        """Unique over all families; steps are grouped by it."""
        return f"{self.family}/{self.difficulty}/{self.name}"


@dataclass(frozen=True, slots=True)
class Draft:
    """A step before it has a place in a task: prompt, reference answer and how to verify any other answer."""

    family: str
    task_type: str
    difficulty: int
    template_id: str
    text: str
    gold: str
    verify: Verify
    max_tokens: int
    tools: tuple[dict[str, Any], ...] = ()
    response_schema: dict[str, Any] | None = field(default=None)


def draft(template: Template, rng: Random) -> Draft:
    """Fill a template. The same `rng` state gives the same draft."""
    case = template.make(rng)
    examples = template.examples if case.examples is None else case.examples
    shown = [f"Example task: {one.task}\nExample answer: {one.answer}" for one in examples]
    text = "\n\n".join([case.instruction or template.instruction, *shown, f"Task: {case.input}"])
    return Draft(
        family=template.family,
        task_type=template.task_type,
        difficulty=template.difficulty,
        template_id=template.template_id,
        text=text,
        gold=case.gold,
        verify=case.verify,
        max_tokens=template.max_tokens,
        tools=case.tools,
        response_schema=case.response_schema,
    )
