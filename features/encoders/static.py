"""The default encoder: a weighted mean of token vectors out of an int8 table, normalised to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from tierwise.features.encoders.session import check_texts, open_session
from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.truncate import cut_text, cut_tokens
from tierwise.features.encoders.wordpiece import WordPiece

STATIC_FOLDER = Path(__file__).parent / "static"


class StaticEncoder:
    """Sentence vectors without a transformer: microseconds a text.

    The graph takes the token ids of one text, int64 [n_tokens], and gives float32 [1, dim]. Texts run one by one: the
    tokenizer costs ten times the graph, and no result can depend on what it was batched with.
    """

    def __init__(self, settings: EncoderSettings, session: InferenceSession, wordpiece: WordPiece) -> None:
        self._settings = settings
        self._session = session
        self._wordpiece = wordpiece

    @classmethod
    def load(cls, folder: Path | str | None = None) -> StaticEncoder:
        """Load an encoder folder; `None` loads the one shipped with the package."""
        path = STATIC_FOLDER if folder is None else Path(folder)
        return cls(EncoderSettings.load(path), open_session(path), WordPiece.load(path))

    @property
    def dim(self) -> int:
        """Length of a vector; its first components carry most (principal component order)."""
        return self._settings.dim

    @property
    def digest(self) -> str:
        """The sha256 of `encoder.onnx`."""
        return self._settings.digest

    @property
    def max_tokens(self) -> int:
        """Tokens that enter the mean: half from the head, half from the tail of a longer text."""
        return self._settings.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 [n_texts, dim] of length 1; all zeros where a text holds no known token."""
        check_texts(texts)
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = self._token_ids(text)
            if ids:
                vectors[row] = self._session.run(None, {"ids": np.array(ids, dtype=np.int64)})[0][0]
        return vectors

    def _token_ids(self, text: str) -> Sequence[int]:
        settings = self._settings
        cut = cut_text(text, settings.head_chars, settings.tail_chars)
        return cut_tokens(self._wordpiece.ids(cut), settings.max_tokens)
