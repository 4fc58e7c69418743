"""The past of one task: what is kept of each of its steps, and how the next step is told of it.

A service that decides and a training that reads its log fold the same decisions and outcomes through this one class,
so that both see the same. Of texts only their digests are kept, for this process alone; what a step is told are
numbers that say which of these were equal.
"""

import re
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from tierwise.data.drawing.task_words import is_mere_word
from tierwise.data.foreign.limits import MAX_EARLIER_STEPS
from tierwise.data.parts import EarlierStep
from tierwise.data.records import Attempt, Message, Step
from tierwise.data.sensitive.text import redact_name
from tierwise.features.actions import actions_of

_END_CHARS: Final = 400
_NAME = re.compile(r"[\w$./:-]{1,64}\Z")
_DIGITS = re.compile(r"\d+")
_ASIDE: Final = ("mirror", "audit")
"""Attempts that ran beside the step, for evidence; nothing of the task came of them."""


@dataclass(slots=True)
class PastStep:
    """One step that was decided, and what was reported of it since. ``call``, ``prompt`` and ``error`` are digests."""

    at: float
    prompt: int | None
    height: float | None
    action: str | None = None
    kind: str | None = None
    call: int | None = None
    error: int | None = None
    success: bool | None = None
    n_attempts: int = 0
    output_tokens: int | None = None

    def note(self, attempt: Attempt, tiers: Sequence[str]) -> None:
        """What an attempt says; of several the last one counts, as it is what the task went on with."""
        if is_mere_word(attempt) or any(attempt.extra.get(name) for name in _ASIDE):
            return
        self.n_attempts += 1
        self.height = height_of(attempt.tier, tiers)
        self.success, self.output_tokens = attempt.success, attempt.output_tokens
        self.error = _trouble(attempt.error)
        calls = [{"name": call.name, "arguments": call.arguments} for call in attempt.tool_calls or ()]
        done = actions_of(Message("assistant", attempt.output or "", {"tool_calls": calls}))
        last = done[-1] if done else None
        self.action, self.kind = (None, None) if last is None else (_safe(last.name), last.kind)
        self.call = hash(tuple(action.call for action in done)) if done else None


class TaskPast:
    """The last ``MAX_EARLIER_STEPS`` steps of a task, and how many it had; ``session_id`` of the last of them."""

    __slots__ = ("is_told", "n_steps", "session_id", "steps")

    def __init__(self) -> None:
        self.steps: deque[tuple[str, PastStep]] = deque()
        self.n_steps = 0
        self.session_id: str | None = None
        self.is_told = False

    def note_step(self, key: str, step: Step, tier: str | None, tiers: Sequence[str], at: float) -> list[str]:
        """A step was decided; ``key`` is what its outcomes name it by. Returns the keys that there is no room for."""
        if self.steps and step.previous_error:
            self._last.error = _trouble(step.previous_error)
        self.steps.append((key, PastStep(at, _prompt(step), None if tier is None else height_of(tier, tiers))))
        self.n_steps += 1
        self.is_told = self.is_told or bool(step.before)
        n_beyond = len(self.steps) - MAX_EARLIER_STEPS
        return [self.steps.popleft()[0] for _ in range(n_beyond)]

    def before(self, step: Step, now: float) -> tuple[EarlierStep, ...]:
        """What the next step is told, oldest first; nothing where its index says that some steps were not seen here."""
        if not self.steps or self.n_steps < (step.step_index or 0):
            return ()
        past = [each for _, each in self.steps]
        came_back = [*(each.prompt for each in past[1:]), _prompt(step)]
        errors = [each.error for each in past]
        errors[-1] = _trouble(step.previous_error) or errors[-1]
        numbers = zip(_numbered(each.call for each in past), _numbered(came_back), _numbered(errors), strict=True)
        return tuple(
            EarlierStep(
                action=each.action,
                kind=each.kind,
                call=call,
                result=result,
                error=error,
                height=each.height,
                success=each.success,
                n_attempts=each.n_attempts,
                output_tokens=each.output_tokens,
                seconds_ago=round(max(0.0, now - each.at), 3),
            )
            for each, (call, result, error) in zip(past, numbers, strict=True)
        )

    @property
    def _last(self) -> PastStep:
        return self.steps[-1][1]


def tells_itself(step: Step) -> bool:
    """Whether a step says what came before it: by its messages, or because its caller declares it."""
    return bool(step.before) or any(message.role == "assistant" for message in step.messages)


def height_of(tier: str, tiers: Sequence[str]) -> float | None:
    """The place of a tier among ``tiers``, from 0 to 1; None for one that is not among them."""
    return list(tiers).index(tier) / max(1, len(tiers) - 1) if tier in tiers else None


def _prompt(step: Step) -> int | None:
    """A digest of what the agent says now, which is what came back from its last action; None where no words are."""
    text = step.text or (step.messages[-1].content if step.messages else "")
    return hash((text[:_END_CHARS], text[-_END_CHARS:], len(text))) if text else None


def _trouble(error: str | None) -> int | None:
    """A digest of the last line without its figures, as of the results in messages."""
    return hash(_DIGITS.sub("", error.rstrip().rpartition("\n")[2])) if error else None


def _numbered(values: Iterable[Hashable | None]) -> list[int | None]:
    """Equal values have equal numbers, in the order in which they came first; None has none."""
    numbers: dict[Hashable, int] = {}
    return [None if value is None else numbers.setdefault(value, len(numbers)) for value in values]


@lru_cache(maxsize=4096)
def _safe(name: str) -> str:
    """The name of an action as programs have them; what may be a text or a secret is none."""
    return name if _NAME.match(name) and redact_name(name) == name else "[name]"
