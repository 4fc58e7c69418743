"""Rewordings: the same work in other words. A person who reads both does the same; a router should decide the same.

Each is a rule that leaves data as they are: numbers, names, code and everything behind a label such as ``Task:`` stay,
but where the rule is about form alone. The same step and seed give the same rewording.
"""

import re
from collections.abc import Callable, Mapping

import numpy as np

Reword = Callable[[str, np.random.Generator], str]

_SYNONYMS = {
    "reply": "respond", "answer": "respond", "write": "compose", "choose": "pick", "select": "pick",
    "solve": "work out", "decide": "determine", "order": "sort", "summarise": "sum up", "summarize": "sum up",
    "read": "look at", "find": "identify", "compute": "calculate", "classify": "categorise", "call": "invoke",
    "only": "just", "exactly": "precisely", "following": "below", "question": "query", "correct": "right",
    "use": "employ", "explain": "describe", "list": "enumerate", "create": "produce", "return": "give back",
    "complete": "finish", "begin": "start", "show": "display", "ensure": "make sure", "provide": "supply",
    "determine": "establish", "must": "has to", "translate": "render", "rewrite": "rephrase",
}  # fmt: skip
_SHORTER = {
    "do not": "don't", "does not": "doesn't", "is not": "isn't", "are not": "aren't", "cannot": "can't",
    "it is": "it's", "you are": "you're", "what is": "what's", "that is": "that's", "should not": "shouldn't",
    "will not": "won't", "summarise": "summarize", "categorise": "categorize", "organise": "organize",
    "colour": "color", "centre": "center",
}  # fmt: skip
_LABELS = {
    "Example task": "Sample input", "Example answer": "Sample output", "Task": "Input", "Question": "Q",
    "Answer": "A", "Instruction": "What to do", "Input": "Given", "Output": "Result", "Context": "Background",
}  # fmt: skip
_ONLY = re.compile(r"\b(Reply|Respond|Answer|Output|Return)( with)? only (.+?)(?=[.\n]|$)")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_WORD = re.compile(r"\b[a-z]{6,}\b")
_MARKER = re.compile(r"^(\s*)[-*•] ", re.MULTILINE)
_NUMBER = re.compile(r"\((\d{1,2})\) |^(\s*)(\d{1,2})[.)] ", re.MULTILINE)
_LETTER = re.compile(r"^(\s*)\(?([A-E])[.)] ", re.MULTILINE)
_P_TYPO = 0.08


def _replaced(table: Mapping[str, str], text: str) -> str:
    """Whole words of the instructions, with their capitals."""
    pattern = re.compile(rf"\b({'|'.join(map(re.escape, sorted(table, key=len, reverse=True)))})\b", re.IGNORECASE)

    def other(found: re.Match[str]) -> str:
        new = table[found.group().lower()]
        return new[0].upper() + new[1:] if found.group()[0].isupper() else new

    return pattern.sub(other, text)


def _head(text: str) -> tuple[str, str]:
    """The instructions, up to the first blank line, and the rest with it."""
    head, blank, rest = text.partition("\n\n")
    return head, blank + rest


def _of_head(change: Reword) -> Reword:
    def reword(text: str, rng: np.random.Generator) -> str:
        head, rest = _head(text)
        return change(head, rng) + rest

    return reword


def _polite(text: str, rng: np.random.Generator) -> str:
    openings = (
        "Hello! Could you please help me with this?",
        "Hi there, I would be grateful for this:",
        "Please do this:",
    )
    return f"{openings[rng.integers(len(openings))]}\n{text}\nThank you very much!"


def _only_otherwise(text: str, rng: np.random.Generator) -> str:
    forms = ("Your whole reply should be {}", "Give nothing but {}", "Nothing other than {} should be in the reply")
    form = forms[rng.integers(len(forms))]
    return _ONLY.sub(lambda found: form.format(found.group(3)), text)


def _last_sentence_first(text: str, rng: np.random.Generator) -> str:
    """Instructions of one paragraph, in another order: the last sentence, how to reply, comes first."""
    del rng
    sentences = _SENTENCE.split(text)
    if len(sentences) < 2 or "\n" in text or not re.match(r"[A-Z]\w+", sentences[-1]):
        return text
    return " ".join([sentences[-1], *sentences[:-1]])


def _typos(text: str, rng: np.random.Generator) -> str:
    """Two letters in the middle of some long words change places."""

    def slip(found: re.Match[str]) -> str:
        word = found.group()
        if rng.random() >= _P_TYPO:
            return word
        at = int(rng.integers(1, len(word) - 2))
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _WORD.sub(slip, text)


def _markers(text: str, rng: np.random.Generator) -> str:
    del rng
    text = _NUMBER.sub(lambda found: f"{found[1]}) " if found[1] else f"{found[2]}({found[3]}) ", text)
    return _LETTER.sub(r"\1\2: ", _MARKER.sub(r"\1* ", text) if "- " in text else _MARKER.sub(r"\1- ", text))


def _labels(text: str, rng: np.random.Generator) -> str:
    del rng
    pattern = re.compile(rf"^({'|'.join(map(re.escape, _LABELS))}):", re.MULTILINE)
    return pattern.sub(lambda found: f"{_LABELS[found[1]]}:", text)


def _punctuation(text: str, rng: np.random.Generator) -> str:
    """No full stops at the ends of lines, dashes for colons there, another kind of quotes."""
    del rng
    text = re.sub(r"\.(?=\n|$)", "", text)
    return re.sub(r"(?<=\w)'(?=\w)", "’", re.sub(r":(?=\n|$)", " -", text))


def _tagged(text: str, rng: np.random.Generator) -> str:
    tag = ("task", "prompt", "request")[rng.integers(3)]
    return f"<{tag}>\n{text}\n</{tag}>"


def _headed(text: str, rng: np.random.Generator) -> str:
    head, rest = _head(text)
    title = ("## Instructions", "# Task", "**Instructions**")[rng.integers(3)]
    return f"{title}\n{head}{rest}"


def _blanks(text: str, rng: np.random.Generator) -> str:
    del rng
    return "\n " + text.replace("\n", " \n\n").replace(". ", ".  ") + "\n\n"


AS_LOGGED = "as logged"
REWORDINGS: Mapping[str, Reword] = {
    "politeness": _polite,
    "synonyms": _of_head(lambda text, _: _replaced(_SYNONYMS, text)),
    "short forms, other spelling": _of_head(lambda text, _: _replaced(_SHORTER, text)),
    "how to reply, in other words": _only_otherwise,
    "sentences in another order": _of_head(_last_sentence_first),
    "typos": _of_head(_typos),
    "instructions in lower case": _of_head(lambda text, _: text.lower()),
    "list markers": _markers,
    "labels": _labels,
    "punctuation": _punctuation,
    "blanks and line ends": _blanks,
    "in tags": _tagged,
    "a heading above": _headed,
}
