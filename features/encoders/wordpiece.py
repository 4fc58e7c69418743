"""Token ids of a text; words of ASCII texts are cut here and remembered, which spares them the library's whole way."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tierwise.features.encoders.session import open_tokenizer
from tierwise.features.encoders.settings import TOKENIZER_FILE

MAX_REMEMBERED_WORDS = 32_768
MAX_REMEMBERED_CHARS = 32
MAX_WORD_CHARS = 100
_CONTINUES = "##"
# What BERT's pre-tokenizer makes of lower-case ASCII: runs of letters and digits, and every other mark on its own.
_WORDS = re.compile(r"[a-z0-9]+|[^a-z0-9 \t\n\r]")


class WordPiece:
    """Text to token ids, without special tokens, exactly as the `tokenizers` library gives them.

    BERT's uncased pipeline treats ASCII words one by one, which makes a memory of words exact and several times faster
    than the library. Everything else (other scripts, control characters, literal special tokens, other kinds of
    tokenizers) goes through the library as a whole.
    """

    def __init__(
        self, tokenizer: Tokenizer, vocabulary: Mapping[str, int], unknown: int, special: re.Pattern[str] | None
    ) -> None:
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._unknown = unknown
        self._special = special
        self._longest = max(map(len, vocabulary), default=0)
        self._words = _Memory(self._pieces)

    @classmethod
    def load(cls, folder: Path) -> WordPiece:
        """Read `tokenizer.json`; words are looked up as they come, since looking at all 30,000 takes longer."""
        tokenizer = open_tokenizer(folder)
        content = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
        if not _treats_ascii_words_alone(content):
            return cls(tokenizer, {}, 0, None)
        specials = [re.escape(token["content"]) for token in content["added_tokens"]]
        model = content["model"]
        unknown = model["vocab"][model["unk_token"]]
        return cls(tokenizer, model["vocab"], unknown, re.compile("|".join(specials) or r"(?!)"))

    def ids(self, text: str) -> list[int]:
        """Token ids of a text that UTF-8 can carry."""
        if self._special is None or not text.isascii() or self._special.search(text):
            return self._whole(text)
        try:
            return list(chain.from_iterable(map(self._words.__getitem__, _WORDS.findall(text.lower()))))
        except _ControlCharacterError:
            return self._whole(text)

    def _whole(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _pieces(self, word: str) -> list[int]:
        """The longest pieces of the vocabulary from the left; a word with a part that has none is unknown."""
        if len(word) > MAX_WORD_CHARS:
            return [self._unknown]
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = _CONTINUES if start else ""
            for end in range(min(len(word), start + self._longest), start, -1):
                index = self._vocabulary.get(prefix + word[start:end])
                if index is not None:
                    break
            else:
                return [self._unknown]
            ids.append(index)
            start = end
        return ids


class _ControlCharacterError(Exception):
    """The pipeline drops control characters and joins what they part."""


class _Memory(dict[str, list[int]]):
    """The ids of words; those of a new word are found by ``pieces``."""

    def __init__(self, pieces: Callable[[str], list[int]]) -> None:
        super().__init__()
        self._pieces = pieces

    def __missing__(self, word: str) -> list[int]:
        if not word.isprintable():
            raise _ControlCharacterError
        ids = self._pieces(word)
        if len(word) <= MAX_REMEMBERED_CHARS and len(self) < MAX_REMEMBERED_WORDS:
            self[word] = ids
        return ids


def _treats_ascii_words_alone(content: dict[str, Any]) -> bool:
    """True for BERT's uncased pipeline: the one for which `_WORDS` is proven to cut as the library does."""
    normalizer, model = content.get("normalizer") or {}, content.get("model") or {}
    return (
        normalizer.get("type") == "BertNormalizer"
        and normalizer.get("lowercase") is True
        and normalizer.get("clean_text") is True
        and (content.get("pre_tokenizer") or {}).get("type") == "BertPreTokenizer"
        and model.get("type", "WordPiece") == "WordPiece"
        and model.get("continuing_subword_prefix") == _CONTINUES
        and model.get("max_input_chars_per_word") == MAX_WORD_CHARS
        and model.get("unk_token") in model.get("vocab", ())
        and all(token.get("special") and not token.get("normalized") for token in content.get("added_tokens", []))
    )
