"""What wording alone decides: the same request with other labels, courtesies and marks reads the same.

A text in normal form loses what stands around all of it (fences, quotes) and courtesies at either end; labels in front
of its parts ("Question:", "Task:") have one name a kind, list markers and typographic marks one form, and lines no full
stop or colon at their end. The words are English ones; wording that is not recognised is read as it is. Data that look
like a label or a list marker are read in the same form in training and in serving, which is all that features need.
"""

import re

from tierwise.features.neutral import SAYING_NOTHING, without_neutral_lead

_FENCE = re.compile(r"```[\w+-]{0,20}\n(.+)\n```", re.DOTALL)
_QUOTES = {'"': '"', "'": "'", "`": "`"}
_TYPOGRAPHIC = {
    "’": "'", "‘": "'", "‛": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"', "–": "-", "—": "-", "−": "-",
    "•": "-", "‣": "-", "◦": "-",
}  # fmt: skip
_TYPOGRAPHIC_MARK = re.compile(f"[{''.join(_TYPOGRAPHIC)}]")
_BRACKETED = re.compile(r"\((\d{1,2})\) ")
_NUMBERED = re.compile(r"\n(\d{1,2})\) ")
_LETTERED = re.compile(r"\n\(?([A-J])[.:)] ")
_MARKS = (("\n* ", "\n- "), ("\n+ ", "\n- "), (".\n", "\n"), (":\n", "\n"), (" -\n", "\n"))
_IN_FULL = (
    ("can't", "cannot"), ("Can't", "Cannot"), ("won't", "will not"), ("Won't", "Will not"), ("n't", " not"),
    ("'re ", " are "), ("'ll ", " will "), ("'ve ", " have "), ("I'm ", "I am "),
)  # fmt: skip
_IS_SHORT = re.compile(r"(?<=[ \n(])(it|that|what|here|there)'s (?=\w)", re.IGNORECASE)
_INPUT = "task|input|question|query|request|problem|prompt|instruction|instructions|exercise|q|given|what to do"
_OUTPUT = "answer|output|response|result|solution|reply|expected answer|expected output"
_EXAMPLE = "example|sample|demo"
_LABELS = {
    **dict.fromkeys(_INPUT.split("|"), "Task"),
    **dict.fromkeys(_OUTPUT.split("|"), "Answer"),
    **{f"{lead} {name}": "Example task" for lead in _EXAMPLE.split("|") for name in _INPUT.split("|")},
    **{f"{lead} {name}": "Example answer" for lead in _EXAMPLE.split("|") for name in _OUTPUT.split("|")},
    **dict.fromkeys(("context", "background", "passage"), "Context"),
}
_LABEL = re.compile(
    rf"\n(?:\*\*|#{{1,4}} )?((?:(?:{_EXAMPLE}) )?(?:{_INPUT}|{_OUTPUT})|context|background|passage)"
    r"( \d{1,2})?(?:\*\*:|:(?:\*\*)?)(?: |\n|\Z)",
    re.IGNORECASE,
)
_ASKING = re.compile(r"(?:(?:could|can|would|will) you )?(?:please|kindly),? (?=\w)", re.IGNORECASE)
_THANKING = frozenset(
    ["thanks", "thank", "thx", "cheers", "appreciate", "appreciated", "grateful", "please", "regards"]
)
_WORD = re.compile(r"[^\W\d_]+")
_MAX_COURTESY_CHARS = 80


def plain_wording(text: str) -> str:
    """A text in normal form, in the wording that its kind of wordings shares.

    >>> plain_wording("Question: What's 2 + 2?\\nThanks a lot!")
    'What is 2 + 2?'
    """
    if not text.isascii():
        text = _TYPOGRAPHIC_MARK.sub(lambda found: _TYPOGRAPHIC[found.group()], text)  # translate is slower by far
    text = _unwrapped(without_neutral_lead(_unwrapped(_without_thanks(text))))
    lines = f"\n{text}\n"
    if "'" in lines:
        lines = _in_full(lines)
    return _without_lead(_marked(lines).strip(" \n"))


def _in_full(lines: str) -> str:
    """Without the short forms of English verbs."""
    for short, full in _IN_FULL:
        lines = lines.replace(short, full)
    return _IS_SHORT.sub(r"\1 is ", lines) if "'s " in lines else lines


def _marked(lines: str) -> str:
    """Labels, list markers and line ends in one form; ``lines`` have a line end on either side."""
    if ":" in lines:
        lines = _LABEL.sub(lambda found: f"\n{_LABELS[found[1].lower()]}{found[2] or ''}: ", lines)
    for mark, wanted in _MARKS:
        lines = lines.replace(mark, wanted)
    if ") " in lines or ": " in lines:
        lines = _LETTERED.sub(r"\n\1) ", _NUMBERED.sub(r"\n\1. ", _BRACKETED.sub(r"\1) ", lines)))
    return lines


def _without_thanks(text: str) -> str:
    """Without lines of thanks at the end, as long as something is left."""
    start, _, last = text.rpartition("\n")
    while start and len(last) <= _MAX_COURTESY_CHARS and _thanks(last):
        text = start
        start, _, last = text.rpartition("\n")
    return text


def _without_lead(text: str) -> str:
    """Without neutral sentences, a label and "Could you please" at the beginning."""
    text = without_neutral_lead(text).removeprefix("Task: ")
    asked = _ASKING.match(text)
    return text if asked is None else text[asked.end()].upper() + text[asked.end() + 1 :]


def _thanks(line: str) -> bool:
    words = _WORD.findall(line.lower())
    return not _THANKING.isdisjoint(words) and all(word in _THANKING or word in SAYING_NOTHING for word in words)


def _unwrapped(text: str) -> str:
    """Without the fence or the quotes that stand around all of it."""
    if text.startswith("```") and (found := _FENCE.fullmatch(text)) is not None and "```" not in found[1]:
        return found[1].strip(" \n")
    closing = _QUOTES.get(text[:1])
    if closing is not None and len(text) > 2 and text.endswith(closing) and text.count(closing) == 2:
        return text[1:-1].strip(" \n")
    return text
