"""Lexical features are cheap, finite and exact on small texts."""

import math
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.pace import processor_time_below
from tierwise.features import lexical
from tierwise.features.lexical import LEXICAL_NAMES, MAX_CHARS, lexical_features

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=[]))


def features(text: str) -> dict[str, float]:
    return lexical_features(text, len(text))


@given(ANY_TEXT, st.integers(0, 10**9))
def test_any_text_gives_finite_values_of_the_declared_length(text: str, n_chars: int) -> None:
    values = lexical_features(text, n_chars)
    assert tuple(values) == LEXICAL_NAMES
    assert all(type(value) is float and math.isfinite(value) and value >= 0 for value in values.values())


@given(ANY_TEXT)
def test_shares_lie_between_0_and_1(text: str) -> None:
    shares = {name: value for name, value in features(text).items() if name.endswith("_share")}
    assert len(shares) == 6
    assert all(0 <= share <= 1 for share in shares.values())


@pytest.mark.parametrize(
    "text", ["", " ", "\n" * 50, "x" * 100_000, "😀" * 5_000, "שלום עולם", "‮", "\ud800", "\x00", "İ" * 99], ids=ascii
)
def test_odd_texts_are_no_trouble(text: str) -> None:
    assert all(math.isfinite(value) for value in features(text).values())


def test_counts_are_those_of_the_text() -> None:
    text = 'Which is larger, 12.5 or 1,024? Explain why.\n- A. `f()` == 3\n- B. "no"\nAnswer with one word only'
    found = features(text)
    assert found["n_questions"] == 1
    assert found["n_numbers"] == 3
    assert found["n_large_numbers"] == 2
    assert found["n_bullets"] == 2
    assert found["n_quotes"] == 2
    assert found["n_code_marks"] == 2
    assert found["n_brevity_words"] == 3
    assert found["n_choice_words"] == 1
    assert found["n_reasoning_words"] == 2
    assert found["log_lines"] == math.log1p(3)
    assert found["log_chars"] == math.log1p(len(text))
    assert found["log_last_line_chars"] == math.log1p(len("Answer with one word only"))


def test_options_examples_and_braces_are_counted() -> None:
    found = features("Q: 1+1?\nA) two\nB) three\nInput: {x: [1]}")
    assert (found["n_options"], found["n_examples"], found["n_braces"], found["n_operators"]) == (2, 2, 4, 1)


@pytest.mark.parametrize("prefix", ["", "İ", "ß", "😀"])
def test_one_odd_letter_does_not_change_what_counts_as_upper_case(prefix: str) -> None:
    text = prefix + "ABcdefgh" * 10
    assert features(text)["upper_share"] == pytest.approx((20 + (prefix == "İ")) / len(text))


def test_alphabets_show_in_the_shares() -> None:
    assert (features("abcd")["non_ascii_share"], features("abcd")["wide_share"]) == (0, 0)
    assert (features("abçd")["non_ascii_share"], features("abçd")["wide_share"]) == (0.25, 0)
    assert (features("ab你d")["non_ascii_share"], features("ab你d")["wide_share"]) == (0.25, 0.25)


def test_words_are_extrapolated_to_the_whole_text() -> None:
    part, whole = "one two three four ", 1_900
    assert lexical_features(part, whole)["log_words"] == pytest.approx(math.log1p(400))


HARD_FOR_PATTERNS = ["( ", "1,", "- \n", "Question ", "\n\t ", "Question 1 ", "; ", "`"]


@pytest.mark.parametrize("unit", HARD_FOR_PATTERNS, ids=ascii)
@pytest.mark.parametrize("start", ["", "Question"])
def test_no_text_makes_a_pattern_backtrack(unit: str, start: str) -> None:
    for text in (start + unit * (MAX_CHARS // len(unit)), start + unit[-1] * MAX_CHARS):
        with processor_time_below(0.3):
            lexical_features(text, len(text))


PIECES = [
    "\n",
    " ",
    "\t",
    "-",
    "*",
    "1.",
    "12) ",
    "(A)",
    "B.",
    "Q:",
    "Question 1:",
    "def ",
    "xdef ",
    "class ",
    "return",
]
PIECES += [
    "returns",
    "=>",
    "==",
    "===",
    "()",
    "```",
    "; ",
    ";\n\n x",
    "</",
    "12,345.6",
    "1,",
    "A",
    "Zb",
    "ab_C",
    "not",
    "{",
]
# The marks as they are defined; the module searches them in faster forms.
BULLET = re.compile(r"^[^\S\n]*(?:[-*•]|\d+[.)])\s", re.MULTILINE)
OPTION = re.compile(r"^[^\S\n]*\(?[A-Ja-j][).:]\s", re.MULTILINE)
EXAMPLE = re.compile(r"\b(?:Q|Question|Input|Example|Problem|Sentence)\s*(?:\d+\s*)?:", re.IGNORECASE)
CODE = re.compile(r"```|\bdef |\bclass |\bimport |\breturn\b|=>|==|\(\)|;\s*$|</", re.MULTILINE)


@given(st.lists(st.sampled_from([*PIECES, "é", "•"]), max_size=14).map("".join) | ANY_TEXT)
def test_marks_are_counted_as_they_are_defined(text: str) -> None:
    found = features(text)
    assert found["n_bullets"] == len(BULLET.findall(text))
    assert found["n_options"] == len(OPTION.findall(text))
    assert found["n_code_marks"] == len(CODE.findall(text))
    assert found["n_numbers"] == len(re.findall(r"\d+(?:[.,]\d+)*", text))
    assert found["n_examples"] == len(EXAMPLE.findall(text))
    assert found["n_operators"] == len(re.findall(r"[+*/^=<>%]", text))


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join) | st.text(st.characters(max_codepoint=127)))
def test_the_short_way_for_ascii_counts_as_the_long_one(text: str) -> None:
    assert replace(lexical._ascii_words(text), marks=text) == lexical._any_words(text)
