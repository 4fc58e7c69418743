"""Lexical features: cheap counts over the prompt's characters and words.

They are read from the head and the tail of the text, at most ``MAX_CHARS`` characters, so that a long prompt costs
no more than a page; the length itself is that of the whole text.
"""

import math
import re
from string import ascii_uppercase

MAX_CHARS = 6_000

LEXICAL_NAMES: tuple[str, ...] = (
    "log_chars",
    "log_words",
    "log_lines",
    "mean_word_chars",
    "digit_share",
    "upper_share",
    "punctuation_share",
    "non_ascii_share",
    "wide_share",
    "unique_word_share",
    "n_questions",
    "n_numbers",
    "n_large_numbers",
    "n_bullets",
    "n_quotes",
    "n_operators",
    "n_braces",
    "n_code_marks",
    "n_options",
    "n_examples",
    "n_choice_words",
    "n_brevity_words",
    "n_constraint_words",
    "n_reasoning_words",
    "n_math_words",
    "n_writing_words",
    "n_code_words",
    "n_negations",
    "n_comparisons",
    "n_conjunctions",
    "log_last_line_chars",
    "n_capitalised",
)

_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_BULLET = re.compile(r"^[^\S\n]*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
_OPTION = re.compile(r"^[^\S\n]*\(?[A-Ja-j][).:]\s", re.MULTILINE)
_EXAMPLE = re.compile(r"\b(?:Q|Question|Input|Example|Problem|Sentence)\s*(?:\d+\s*)?:", re.IGNORECASE)
_CODE = re.compile(r"```|\bdef |\bclass |\bimport |\breturn\b|=>|==|\(\)|;\s*$|</", re.MULTILINE)
_OPERATOR = re.compile(r"[+*/^=<>%]")

_WORD_LISTS: tuple[frozenset[str], ...] = tuple(
    frozenset(words.split())
    for words in (
        "which choose choice options option select following correct best single true false",
        "only just exactly single word one brief short concise without",
        "must should at least most no not avoid include contain format words sentences paragraphs letters end start",
        "why explain reason prove step steps think because therefore infer deduce analyse analyze compare evaluate",
        "sum product total percent ratio average equation solve calculate compute probability integer area price half",
        "write essay story poem letter email article blog summarise summarize rewrite draft compose describe",
        "function code python java javascript sql regex algorithm class method program script bug test",
        "not never no none neither nor without except unless cannot",
        "more less than fewer greater larger smaller least most older younger taller before after between",
        "and or if then but when while however although",
    )
)


def lexical_features(text: str, n_chars: int) -> list[float]:
    """The values of ``LEXICAL_NAMES``; ``text`` is the part that is read, ``n_chars`` the length of the whole."""
    length = max(1, len(text))
    words = _WORD.findall(text)
    lowered = [word.lower() for word in words]
    n_words = max(1, len(words))
    numbers = _NUMBER.findall(text)
    return [
        math.log1p(n_chars),
        math.log1p(len(words) * n_chars / length),
        math.log1p(text.count("\n")),
        sum(map(len, words)) / n_words,
        *_shares(text, length),
        len(set(lowered)) / n_words,
        float(text.count("?")),
        float(len(numbers)),
        float(sum(len(number) > 3 for number in numbers)),
        float(len(_BULLET.findall(text))),
        float(text.count('"') + text.count("“")),
        float(len(_OPERATOR.findall(text))),
        float(sum(map(text.count, "{}[]"))),
        float(len(_CODE.findall(text))),
        float(len(_OPTION.findall(text))),
        float(len(_EXAMPLE.findall(text))),
        *_word_list_counts(lowered),
        math.log1p(len(text.rstrip().rpartition("\n")[2])),
        sum(word[0].isupper() for word in words) / n_words,
    ]


def _shares(text: str, length: int) -> list[float]:
    if text.isascii():
        n_ascii = n_plain = len(text)
    else:
        n_ascii = len(text.encode("ascii", "ignore"))
        n_plain = len(text.encode("latin-1", "ignore"))
    n_digits = sum(map(text.count, "0123456789"))
    n_upper = sum(map(text.count, ascii_uppercase)) if text.isascii() else sum(map(str.isupper, text))
    n_space = sum(map(text.count, " \n\t"))
    n_alnum = len("".join(_WORD.findall(text)))
    return [
        n_digits / length,
        n_upper / length,
        (len(text) - n_space - n_alnum) / length,
        (len(text) - n_ascii) / length,
        (len(text) - n_plain) / length,
    ]


def _word_list_counts(lowered: list[str]) -> list[float]:
    seen: dict[str, int] = {}
    for word in lowered:
        seen[word] = seen.get(word, 0) + 1
    return [float(sum(seen.get(word, 0) for word in words)) for words in _WORD_LISTS]
