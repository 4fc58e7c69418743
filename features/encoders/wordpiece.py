"""Token ids of a text; words of ASCII texts are remembered, so that the tokenizer sees each of them once."""

from __future__ import annotations

import json
import re
from itertools import chain
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from tierwise.features.encoders.session import open_tokenizer
from tierwise.features.encoders.settings import TOKENIZER_FILE

MAX_REMEMBERED_WORDS = 32_768
MAX_REMEMBERED_CHARS = 32
# What BERT's pre-tokenizer makes of lower-case ASCII: runs of letters and digits, and every other mark on its own.
_WORDS = re.compile(r"[a-z0-9]+|[^a-z0-9 \t\n\r]")


class WordPiece:
    """Text to token ids, without special tokens, exactly as the `tokenizers` library gives them.

    BERT's uncased pipeline treats ASCII words one by one, which makes a memory of words exact and several times faster
    than the library. Everything else (other scripts, control characters, literal special tokens, other kinds of
    tokenizers) goes through the library as a whole.
    """

    def __init__(self, tokenizer: Tokenizer, words: dict[str, list[int]], special: re.Pattern[str] | None) -> None:
        self._tokenizer = tokenizer
        self._words = words
        self._special = special

    @classmethod
    def load(cls, folder: Path) -> WordPiece:
        """Read `tokenizer.json`; the memory starts with the vocabulary's own words."""
        tokenizer = open_tokenizer(folder)
        content = json.loads((folder / TOKENIZER_FILE).read_text(encoding="utf-8"))
        if not _treats_ascii_words_alone(content):
            return cls(tokenizer, {}, None)
        specials = [re.escape(token["content"]) for token in content["added_tokens"]]
        vocabulary: dict[str, int] = content["model"]["vocab"]
        words = {word: [index] for word, index in vocabulary.items() if _WORDS.fullmatch(word) and word.isascii()}
        return cls(tokenizer, words, re.compile("|".join(specials) or r"(?!)"))

    def ids(self, text: str) -> list[int]:
        """Token ids of a text that UTF-8 can carry."""
        if self._special is None or not text.isascii() or self._special.search(text):
            return self._whole(text)
        words = _WORDS.findall(text.lower())
        try:
            known = list(map(self._words.__getitem__, words))
        except KeyError:
            if not all(map(str.isprintable, words)):
                return self._whole(text)  # the pipeline drops control characters and joins what they part
            known = [self._words.get(word) or self._learn(word) for word in words]
        return list(chain.from_iterable(known))

    def _whole(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def _learn(self, word: str) -> list[int]:
        ids = self._whole(word)
        if len(word) <= MAX_REMEMBERED_CHARS and len(self._words) < MAX_REMEMBERED_WORDS:
            self._words[word] = ids
        return ids


def _treats_ascii_words_alone(content: dict[str, Any]) -> bool:
    """True for BERT's uncased pipeline: the one for which `_WORDS` is proven to cut as the library does."""
    normalizer = content.get("normalizer") or {}
    return (
        normalizer.get("type") == "BertNormalizer"
        and normalizer.get("lowercase") is True
        and normalizer.get("clean_text") is True
        and (content.get("pre_tokenizer") or {}).get("type") == "BertPreTokenizer"
        and (content.get("model") or {}).get("type", "WordPiece") == "WordPiece"
        and all(token.get("special") and not token.get("normalized") for token in content.get("added_tokens", []))
    )
