"""Lexical features: cheap counts over the prompt's characters and words.

They are read from the head and the tail of the text, at most ``MAX_CHARS`` characters, so that a long prompt costs
no more than a page; the length itself is that of the whole text.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import log1p
from typing import TypeVar

MAX_CHARS = 6_000

_T = TypeVar("_T", str, bytes)

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
# A pattern that begins with a fixed character is searched several times faster than one that begins with ^ or \b:
# the text is read with a line break in front, and words are only looked for where they occur at all.
_BULLET = re.compile(r"\n[^\S\n]*(?:[-*•]|\d+[.)])(?=\s)")
_OPTION = re.compile(r"\n[^\S\n]*\(?[A-Ja-j][).:](?=\s)")
_EXAMPLE = re.compile(r"\b(?:Q|Question|Input|Example|Problem|Sentence)\s*(?:\d+\s*)?:", re.IGNORECASE)
_EXAMPLE_WORDS = tuple(
    (word, re.compile(rf"{word}(?<!\w{word})\s*(?:\d+\s*)?:"))
    for word in ("q", "question", "input", "example", "problem", "sentence")
)
_ARROW = re.compile(r"=[=>]")
_LINE_END_MARK = re.compile(r";\s*$", re.MULTILINE)
_CODE_WORDS = tuple(
    (word, re.compile(rf"{word}(?<!\w{word})" + ("" if word.endswith(" ") else r"\b")))
    for word in ("def ", "class ", "import ", "return")
)

_WORD_LISTS: dict[str, frozenset[str]] = {
    name: frozenset(words.split())
    for name, words in {
        "n_choice_words": ("which choose choice options option select following correct best single true false"),
        "n_brevity_words": "only just exactly single word one brief short concise without",
        "n_constraint_words": (
            "must should at least most no not avoid include contain format words sentences paragraphs letters end start"
        ),
        "n_reasoning_words": (
            "why explain reason prove step steps think because therefore infer deduce analyse analyze compare evaluate"
        ),
        "n_math_words": (
            "sum product total percent ratio average equation solve calculate compute probability "
            "integer area price half"
        ),
        "n_writing_words": (
            "write essay story poem letter email article blog summarise summarize rewrite draft compose describe"
        ),
        "n_code_words": (
            "function code python java javascript sql regex algorithm class method program script bug test"
        ),
        "n_negations": "not never no none neither nor without except unless cannot",
        "n_comparisons": (
            "more less than fewer greater larger smaller least most older younger taller before after between"
        ),
        "n_conjunctions": "and or if then but when while however although",
    }.items()
}


_WORD_COLUMNS: dict[str, tuple[int, ...]] = {
    word: tuple(column for column, words in enumerate(_WORD_LISTS.values()) if word in words)
    for word in frozenset().union(*_WORD_LISTS.values())
}
_ASCII_WORD_COLUMNS = {word.encode(): columns for word, columns in _WORD_COLUMNS.items()}

# What each ASCII character is: blank between words, d digit, U upper case, w the rest of a word.
_KIND = "".join(
    "d" if char.isdigit() else "U" if char.isupper() else "w" if char.isalnum() or char == "_" else " "
    for char in map(chr, range(128))
).encode() + bytes(128)
_LOWERED = bytes(ord(chr(i).lower()) if kind != ord(" ") else kind for i, kind in enumerate(_KIND[:128])) + bytes(128)
_NO_MARKS = bytes(i for i in range(128) if chr(i).isalnum() or chr(i) in "_ \n\t\r")
_NUMERIC = bytes(i if chr(i) in "0123456789.," else ord(" ") for i in range(256))


@dataclass(frozen=True, slots=True)
class _Words:
    """What the words and letters of a text come to; ``chars`` counts those within words, ``marks`` holds the others
    but blanks, in order."""

    marks: str
    n: int
    n_unique: int
    chars: int
    n_capitalised: int
    n_digits: int
    n_upper: int
    by_list: list[float]


def lexical_features(text: str, n_chars: int) -> dict[str, float]:
    """The lexical columns by name; ``text`` is the part that is read, ``n_chars`` the length of the whole."""
    return dict(zip(LEXICAL_NAMES, map(float, lexical_values(text, n_chars)), strict=True))


def lexical_values(text: str, n_chars: int) -> list[float]:
    """The same without their names, in the order of ``LEXICAL_NAMES``."""
    length = len(text) or 1
    is_ascii = text.isascii()
    words = _ascii_words(text) if is_ascii else _any_words(text)
    n_words, marks = words.n or 1, words.marks
    count, mark = text.count, marks.count
    n_lines = count("\n")
    numbers = _NUMBER.findall(_numeric_part(text)) if words.n_digits or not is_ascii else []
    lines = "\n" + text
    return [
        log1p(n_chars),
        log1p(words.n * n_chars / length),
        log1p(n_lines),
        words.chars / n_words,
        words.n_digits / length,
        words.n_upper / length,
        (len(text) - count(" ") - n_lines - count("\t") - words.chars) / length,
        *((0.0, 0.0) if is_ascii else _foreign_shares(text, length)),
        words.n_unique / n_words,
        mark("?"),
        len(numbers),
        len([number for number in numbers if len(number) > 3]),
        len(_BULLET.findall(lines)),
        mark('"') + mark("“"),
        mark("+") + mark("*") + mark("/") + mark("^") + mark("=") + mark("<") + mark(">") + mark("%"),
        mark("{") + mark("}") + mark("[") + mark("]"),
        _count_code_marks(text, marks),
        len(_OPTION.findall(lines)),
        _count_examples(text) if ":" in marks else 0,
        *words.by_list,
        log1p(len(text.rstrip().rpartition("\n")[2])),
        words.n_capitalised / n_words,
    ]


def _ascii_words(text: str) -> _Words:
    """The same as ``_any_words``, for ASCII: tables over bytes instead of a loop over words."""
    raw = text.encode("ascii")
    kinds = raw.translate(_KIND)
    lowered = raw.translate(_LOWERED).split()
    return _Words(
        marks=raw.translate(None, _NO_MARKS).decode("ascii"),
        n=len(lowered),
        n_unique=len(set(lowered)),
        chars=len(raw) - kinds.count(b" "),
        n_capitalised=kinds.count(b" U") + kinds.startswith(b"U"),
        n_digits=kinds.count(b"d"),
        n_upper=kinds.count(b"U"),
        by_list=_count_listed(lowered, _ASCII_WORD_COLUMNS),
    )


def _any_words(text: str) -> _Words:
    words = _WORD.findall(text)
    lowered = [word.lower() for word in words]
    return _Words(
        marks=text,
        n=len(words),
        n_unique=len(set(lowered)),
        chars=sum(map(len, words)),
        n_capitalised=sum(word[0].isupper() for word in words),
        n_digits=sum(map(text.count, "0123456789")),
        n_upper=sum(map(str.isupper, text)),
        by_list=_count_listed(lowered, _WORD_COLUMNS),
    )


def _count_listed(lowered: list[_T], columns: Mapping[_T, tuple[int, ...]]) -> list[float]:
    """How many of the words each list holds."""
    counts = [0.0] * len(_WORD_LISTS)
    for word in filter(columns.__contains__, lowered):
        for column in columns[word]:
            counts[column] += 1.0
    return counts


def _numeric_part(text: str) -> str:
    """What holds all numbers of a text, and of an ASCII text little else: searching it is cheap."""
    if not text.isascii():
        return text
    return b" ".join(text.encode("ascii").translate(_NUMERIC).split()).decode("ascii")


def _foreign_shares(text: str, length: int) -> tuple[float, float]:
    """The shares of characters beyond ASCII, and beyond Latin-1."""
    n_ascii, n_plain = len(text.encode("ascii", "ignore")), len(text.encode("latin-1", "ignore"))
    return (len(text) - n_ascii) / length, (len(text) - n_plain) / length


def _count_code_marks(text: str, marks: str) -> int:
    n_marks = text.count("```") if "`" in marks else 0
    if "(" in marks:
        n_marks += text.count("()")
    if "<" in marks:
        n_marks += text.count("</")
    n_marks += sum(len(pattern.findall(text)) for word, pattern in _CODE_WORDS if word in text)
    if "=" in marks:
        n_marks += len(_ARROW.findall(text))
    return n_marks + (len(_LINE_END_MARK.findall(text)) if ";" in marks else 0)


def _count_examples(text: str) -> int:
    if not text.isascii():
        return len(_EXAMPLE.findall(text))
    lowered = text.lower()
    return sum(len(pattern.findall(lowered)) for word, pattern in _EXAMPLE_WORDS if word in lowered)


LEXICAL_NAMES: tuple[str, ...] = (
    "log_chars", "log_words", "log_lines", "mean_word_chars",
    "digit_share", "upper_share", "punctuation_share", "non_ascii_share", "wide_share",
    "unique_word_share", "n_questions", "n_numbers", "n_large_numbers", "n_bullets", "n_quotes", "n_operators",
    "n_braces", "n_code_marks", "n_options", "n_examples",
    *_WORD_LISTS,
    "log_last_line_chars", "n_capitalised",
)  # fmt: skip
