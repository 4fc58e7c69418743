"""The one view of a step that everything reads: features, encoder and familiarity.

A step is the same step as ``text``, as one user message, in content parts, below a neutral system prompt or with its
data in tool results. The view holds what those forms have in common, the text of the work in its normal form, and
beside it what only a conversation has. A step given as text is a conversation of one turn.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tierwise.data.records import Step
from tierwise.features.neutral import says_something
from tierwise.features.normal_text import normal_text, without_enclosing_tags
from tierwise.features.wording import plain_wording

WINDOW_CHARS = 5_000
"""At either end of a text, before it is in normal form: all that is read of a longer one. The lexical features and the
encoders read less."""

SYSTEM_ROLES = frozenset({"system", "developer"})


@dataclass(frozen=True, slots=True)
class StepView:
    """``text`` is what is read of the work: its normal form, of a long one the head and the tail. ``n_chars`` is the
    length of the whole; of a long one an estimate, as the part that is not read is taken to be like the rest.

    ``n_system_chars`` counts what a system prompt says beyond neutral words, None where it says nothing. The turns are
    the messages but for system prompts; ``n_last_chars`` is the length of the last of several, None where there is one,
    and ``last_share`` its share of their characters.
    """

    text: str
    n_chars: int
    n_system_chars: int | None
    n_turns: int
    n_assistant_turns: int
    n_tool_turns: int
    n_last_chars: int | None
    last_share: float


def view_of(step: Step) -> StepView:
    """The view of a step; linear in the number of messages, and in the characters of both ends of the text."""
    if not step.messages:
        return StepView(*_read([step.text]), None, 1, 0, 0, None, 1.0)
    text, n_chars = _read(_parts(step))
    roles = [message.role for message in step.messages]
    n_system = sum(map(roles.count, SYSTEM_ROLES))
    n_turns = len(roles) - n_system
    turns = [each for each in step.messages if each.role not in SYSTEM_ROLES] if n_system else step.messages
    n_turn_chars = [len(turn.content) for turn in turns]
    return StepView(
        text=text,
        n_chars=n_chars,
        n_system_chars=_n_system_chars(step) if n_system and (n_turns or step.text) else None,
        n_turns=n_turns or 1,
        n_assistant_turns=roles.count("assistant"),
        n_tool_turns=roles.count("tool") + roles.count("function"),
        n_last_chars=n_turn_chars[-1] if n_turns > 1 else None,
        last_share=n_turn_chars[-1] / (sum(n_turn_chars) or 1) if n_turns > 1 else 1.0,
    )


def work_text(step: Step) -> str:
    """All of the work's text, as it was given, without neutral system prompts."""
    return "\n".join(_parts(step))


def _parts(step: Step) -> Sequence[str]:
    """The texts that make up the work, in order; where there are only neutral system prompts, these.

    A given text stands for all turns of the conversation, so that only system prompts can add to it.
    """
    if step.text:
        is_turn_left_out = any(message.role not in SYSTEM_ROLES for message in step.messages)
        return [step.text] if is_turn_left_out else [*_system_prompts(step), step.text]
    contents = [message.content for message in step.messages]
    for place, message in enumerate(step.messages):
        if message.role in SYSTEM_ROLES and not says_something(message.content):
            contents[place] = ""
    return [content for content in contents if content] or [message.content for message in step.messages]


def _system_prompts(step: Step) -> list[str]:
    """Those that say something."""
    return [each.content for each in step.messages if each.role in SYSTEM_ROLES and says_something(each.content)]


def _n_system_chars(step: Step) -> int | None:
    """Characters of the system prompts that say something, None where there are none."""
    return sum(map(len, _system_prompts(step))) or None


def _read(parts: Sequence[str]) -> tuple[str, int]:
    """The normal form of both ends of the joined ``parts``, and the length of the normal form of all."""
    n_given = sum(map(len, parts)) + len(parts) - 1
    if n_given <= 2 * WINDOW_CHARS:
        text = _read_wording(normal_text("\n".join(parts)))
        return text, len(text)
    text = _read_wording(f"{normal_text(_head(parts))}\n{normal_text(_tail(parts))}")
    return text, round(n_given * len(text) / (2 * WINDOW_CHARS))


def _read_wording(text: str) -> str:
    return plain_wording(without_enclosing_tags(text))


def _head(parts: Sequence[str]) -> str:
    """The first characters of the joined parts, without joining all."""
    taken: list[str] = []
    n_taken = 0
    for part in parts:
        taken.append(part[:WINDOW_CHARS])
        n_taken += len(taken[-1]) + 1
        if n_taken > WINDOW_CHARS:
            break
    return "\n".join(taken)[:WINDOW_CHARS]


def _tail(parts: Sequence[str]) -> str:
    """The last characters of the joined parts."""
    taken: list[str] = []
    n_taken = 0
    for part in reversed(parts):
        taken.append(part[-WINDOW_CHARS:])
        n_taken += len(taken[-1]) + 1
        if n_taken > WINDOW_CHARS:
            break
    return "\n".join(reversed(taken))[-WINDOW_CHARS:]
