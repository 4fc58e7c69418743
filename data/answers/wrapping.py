"""What models write around an answer: fences, tags, thoughts, quotes, "Sure, here is".

Every pattern here is linear in the length of the text: nothing is repeated inside a repetition, and where two
repetitions follow each other the first gives nothing back.
"""

import ast
import re

_END_OF_THOUGHTS = ("</think>", "</thinking>", "</thought>", "</reasoning>", "</scratchpad>")
_FENCE = re.compile(r"```[ \t]*+([\w+#.-]*+)[^\n`]*+\n(.*?)(?:```|\Z)", re.DOTALL)
_TAGGED = re.compile(
    r"<(answer|final_answer|final|output|result|response)>(.*?)(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_BRACKETED = re.compile(r"\[(ANSWER|PYTHON|OUTPUT)\](.*?)(?:\[/\1\]|\Z)", re.DOTALL)
_PREAMBLE = re.compile(
    r"(?:(?:sure|certainly|of course|okay|ok|great|absolutely)\b[^\n:]{0,80}[:!.,]\s+)?"
    r"(?:(?:here is|here's|here are|the)\b[^\n:]{0,80}:\s+|(?:answer|output|result|response|label|category)\s*:\s*)?",
    re.IGNORECASE,
)
_QUOTES = {'"': '"', "'": "'", "`": "`", "\u201c": "\u201d", "\u2018": "\u2019", "\u300c": "\u300d", "\u00ab": "\u00bb"}
_EMPHASIS = re.compile(r"^(\*\*|__|\*|_|\$\$|\$)(?=\S)(.+?)\1$", re.DOTALL)


def outer_text(text: str, is_listed: bool = False) -> str:
    """The answer without thoughts and, with ``is_listed``, out of the list of one text that some logs keep it in."""
    text = text.strip()
    if "</" in text:
        after = max(text.rfind(tag) + len(tag) for tag in _END_OF_THOUGHTS if tag in text or tag == "</think>")
        text = text[max(after, 0) :].strip() if any(tag in text for tag in _END_OF_THOUGHTS) else text
    return _only_item(text).strip() if is_listed and is_list_of_one(text) else text


def is_list_of_one(text: str) -> bool:
    """Whether a text looks as Python prints a list of one text."""
    return text.startswith(("['", '["')) and text.endswith(("']", '"]')) and len(text) < 200_000


def fenced(text: str) -> list[tuple[str, str]]:
    """The code blocks, each with its language in lower case ("" where none is named)."""
    return [(found.group(1).lower(), found.group(2)) for found in _FENCE.finditer(text)] if "```" in text else []


def tagged(text: str) -> str | None:
    """What stands in the last answer tag."""
    for pattern in (_TAGGED, _BRACKETED):
        found = list(pattern.finditer(text))
        if found and found[-1].group(2).strip():
            return str(found[-1].group(2)).strip()
    return None


def bare(text: str) -> str:
    """A short answer without fence, tag, preamble, emphasis, quotes and final full stop."""
    blocks = fenced(text)
    if len(blocks) == 1 and blocks[0][1].strip():
        text = blocks[0][1]
    text = tagged(text) or text
    text = text.strip()
    text = text[_preamble_end(text) :].strip()
    for _ in range(3):
        peeled = _unquoted(_EMPHASIS.sub(r"\2", text)).strip()
        if peeled.endswith((".", "\u3002")) and not peeled.endswith(".."):
            peeled = peeled[:-1].rstrip()
        if peeled == text or not peeled:
            break
        text = peeled
    return text


def _preamble_end(text: str) -> int:
    found = _PREAMBLE.match(text)
    end = found.end() if found else 0
    return end if end < len(text) else 0


def _unquoted(text: str) -> str:
    if len(text) >= 2 and _QUOTES.get(text[0]) == text[-1] and text[0] not in text[1:-1]:
        return text[1:-1]
    return text


def _only_item(text: str) -> str:
    try:
        items = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
    return items[0] if isinstance(items, list) and len(items) == 1 and isinstance(items[0], str) else text
