"""Head and tail of long texts: cut on characters before tokenising, on tokens after.

Instructions stand at either end of a prompt; few-shot examples and pasted documents fill the middle. The cut on
characters bounds the tokenizer's work, so that a text of 100,000 characters costs what one of a thousand does.
"""

from __future__ import annotations

from collections.abc import Sequence


def cut_text(text: str, head_chars: int, tail_chars: int) -> str:
    """The text itself, or its first and last characters with a space between; always encodable as UTF-8."""
    if len(text) > head_chars + tail_chars:
        text = f"{text[:head_chars]} {text[len(text) - tail_chars :]}"
    return sanitise(text)


def sanitise(text: str) -> str:
    """Replace what UTF-8 cannot carry (lone surrogates) by question marks; the tokenizer would raise on it."""
    if text.isascii():
        return text
    return text.encode("utf-8", errors="replace").decode("utf-8")


def cut_tokens(ids: Sequence[int], max_tokens: int) -> Sequence[int]:
    """The first and last tokens, `max_tokens` in all; an odd one goes to the head."""
    if len(ids) <= max_tokens:
        return ids
    n_tail = max_tokens // 2
    return [*ids[: max_tokens - n_tail], *ids[len(ids) - n_tail :]]
