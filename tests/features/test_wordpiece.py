"""Token ids are exactly those of the ``tokenizers`` library, whichever way a text goes."""

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tierwise.features.encoders.session import open_tokenizer
from tierwise.features.encoders.static import STATIC_FOLDER
from tierwise.features.encoders.wordpiece import WordPiece

LIBRARY = open_tokenizer(STATIC_FOLDER)
OURS = WordPiece.load(STATIC_FOLDER)

PIECES = [
    "extract",
    "Invoice",
    "4711",
    "0x1f",
    "qqqzzx",
    "e.g.",
    "don't",
    "[CLS]",
    "[",
    "é",
    "\t",
    "\n",
    "\x00",
    "\x0b",
    "a_b",
]
TEXTS = st.lists(st.sampled_from([*PIECES, " ", "-", "1000123", "x" * 101]) | st.text(max_size=6), max_size=20).map(
    "".join
)


def library_ids(text: str) -> list[int]:
    ids: list[int] = LIBRARY.encode(text, add_special_tokens=False).ids
    return ids


@given(TEXTS | st.text(st.characters(max_codepoint=127)) | st.from_regex(r"[a-z0-9]{1,40}", fullmatch=True))
@example("x" * 100 + " " + "x" * 101)
@example("")
def test_ids_are_those_of_the_library(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    assert OURS.ids(text) == library_ids(text)
    assert OURS.ids(text) == library_ids(text), "from memory"


@pytest.mark.parametrize("change", [{"continuing_subword_prefix": "@@"}, {"max_input_chars_per_word": 5}])
def test_another_kind_of_wordpiece_goes_through_the_library(change: dict[str, object], tmp_path: Path) -> None:
    content = json.loads((STATIC_FOLDER / "tokenizer.json").read_text(encoding="utf-8"))
    content["model"] |= change
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), encoding="utf-8")
    text = "unbelievably tokenised 1000123"
    expected = open_tokenizer(tmp_path).encode(text, add_special_tokens=False).ids
    assert WordPiece.load(tmp_path).ids(text) == expected
    assert expected != library_ids(text)
