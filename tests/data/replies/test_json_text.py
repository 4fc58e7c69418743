"""An emoji cut in two goes through unharmed."""

import json

import pytest

from tierwise.data.replies import read_json, write_json
from tierwise.data.replies.json_text import whole

CUT = b'{"a": "fine \\ud83d"}'


def test_half_an_emoji_is_read_and_written_as_it_came() -> None:
    value = read_json(CUT)
    assert value == {"a": "fine \ud83d"}
    assert json.loads(write_json(value)) == value


@pytest.mark.parametrize("half", [b"\xf0\x9f", b"\xed\xa0\xbd", b"\x9a\x80"])
def test_half_an_emoji_in_bytes_costs_one_character_and_not_the_answer(half: bytes) -> None:
    assert read_json(b'{"a": "fine ' + half + b'", "n": 40}')["n"] == 40


def test_halves_that_belong_together_become_one() -> None:
    assert whole("a\ud83d\ude80b\ud83d") == "a\U0001f680b\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("text", [b"{", b"", b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_json(text)


def test_text_with_half_a_character_is_read_or_refused_in_words() -> None:
    assert read_json('{"text": "\udcff"}') == {"text": "\udcff"}
    with pytest.raises(ValueError, match="Expecting value"):
        read_json("\udcff")
