"""The final answer of a longer text: boxed, after ``####``, in a tag, or in a last sentence that says so."""

import re

from tierwise.data.answers.wrapping import tagged

_TAIL_CHARS = 4_000
_HASHES = re.compile(r"^\s*####\s*(\S[^\n]{0,300})", re.MULTILINE)
_SAID = re.compile(
    r"\b(?:final\s+answer|answer|result|solution|output)\b\**\s{0,3}(?:is|are|would be|:|=)\**"
    r"[ \t:]{0,4}\n?\s{0,4}(\S[^\n]{0,300})",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.,])[$\u20ac\u00a3]?-?\d[\d,]*(?:\.\d+)?(?:\s?%)?(?![\w])")


def final_answer(text: str) -> str | None:
    """What a text ends with as its answer; None where it does not say."""
    tail = text[-_TAIL_CHARS:]
    boxed = _boxed(tail)
    if boxed is not None:
        return boxed
    hashes = _HASHES.findall(tail)
    if hashes:
        return str(hashes[-1]).strip()
    inner = tagged(tail)
    if inner is not None and len(inner) <= 300:
        return inner
    said = _SAID.findall(tail)
    return _to_sentence_end(said[-1]) if said else None


def last_number(text: str) -> str | None:
    """The last number of the last line that has one, where calculations end with their result."""
    lines = [line for line in text[-_TAIL_CHARS:].splitlines() if line.strip()]
    found = _NUMBER.findall(lines[-1]) if lines else []
    return str(found[-1]) if found else None


def _boxed(tail: str) -> str | None:
    start = tail.rfind("\\boxed{")
    if start < 0:
        return None
    depth, begin = 0, start + len("\\boxed")
    for place in range(begin, min(len(tail), begin + 300)):
        depth += {"{": 1, "}": -1}.get(tail[place], 0)
        if depth == 0:
            return tail[begin + 1 : place].strip()
    return None


def _to_sentence_end(text: str) -> str:
    """Up to a full stop that is no decimal point."""
    found = re.search(r"[.!](?=\s|$)", text)
    return (text[: found.start()] if found else text).strip()
