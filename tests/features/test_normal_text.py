"""The normal form: one for all ways to write the same words, reached in one pass."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.features.normal_text import normal_text, without_enclosing_tags

TEXT = st.text(st.sampled_from("ab é\u0065\u0301\t\n\r\u00a0\u2028\u200b\u3000\ufeff 12.-\u4f60"), max_size=60)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  a  b\t c \n\n\n  d ", "a b c\nd"),
        ("a\r\nb\rc\x0bd\x0ce", "a\nb\nc\nd\ne"),
        ("a\u00a0b\u3000c\u2003d", "a b c d"),
        ("a\u2028b\u0085c", "a\nb\nc"),
        ("re\u0301sume\u0301 co\u00adop\u200berate", "résumé cooperate"),
        ("half \ud83d an emoji", "half ? an emoji"),
        ("", ""),
        (" \n ", ""),
    ],
)
def test_what_is_written_otherwise_reads_the_same(text: str, normal: str) -> None:
    assert normal_text(text) == normal


@given(TEXT)
def test_a_normal_text_is_its_own_normal_form(text: str) -> None:
    once = normal_text(text)
    assert normal_text(once) == once
    assert not any(double in once for double in ("  ", "\n\n", " \n", "\n "))


@given(TEXT)
def test_composed_and_decomposed_characters_are_one(text: str) -> None:
    assert normal_text(unicodedata.normalize("NFD", text)) == normal_text(unicodedata.normalize("NFC", text))


def test_letters_and_marks_stay() -> None:
    text = "Total: 12.50 € (net)\n- item; 你好 ①"
    assert normal_text(text) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<task>Extract the total.</task>", "Extract the total."),
        ("<prompt>\n<user_query>\nExtract it.\n</user_query>\n</prompt>", "Extract it."),
        ("<task>One.</task> <task>Two.</task>", "<task>One.</task> <task>Two.</task>"),
        ("Sum up.\n<doc>Long.</doc>", "Sum up.\n<doc>Long.</doc>"),
        ("<doc>Long.</doc>\nSum up.", "<doc>Long.</doc>\nSum up."),
        ("<task>Extract.</other>", "<task>Extract.</other>"),
        ("<task>", "<task>"),
        ("<a> </a>", "<a> </a>"),
    ],
)
def test_tags_around_all_of_a_text_are_left_out_and_tags_around_a_part_stay(text: str, read: str) -> None:
    assert without_enclosing_tags(text) == read
