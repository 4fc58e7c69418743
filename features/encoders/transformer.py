"""The alternative encoder: an exported sentence transformer with pooling and normalisation in its graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

from tierwise.features.encoders.session import check_texts, open_session, open_tokenizer
from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.truncate import cut_text, cut_tokens


class TransformerEncoder:
    """Sentence vectors from a transformer: milliseconds a text.

    The graph takes `input_ids` and `attention_mask`, int64 [1, n_tokens], and gives float32 [1, dim]. Texts run one by
    one: dynamic int8 scales its activations over the whole batch, so a batch would change the vectors, and it would
    save a tenth of the time at best.
    """

    def __init__(self, settings: EncoderSettings, session: InferenceSession, tokenizer: Tokenizer) -> None:
        self._settings = settings
        self._session = session
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path | str) -> TransformerEncoder:
        """Load an encoder folder as `tierwise encoder export` writes it."""
        path = Path(folder)
        return cls(EncoderSettings.load(path), open_session(path), open_tokenizer(path))

    @property
    def dim(self) -> int:
        """Length of a vector."""
        return self._settings.dim

    @property
    def digest(self) -> str:
        """The sha256 of `encoder.onnx`."""
        return self._settings.digest

    @property
    def max_tokens(self) -> int:
        """Tokens that reach the transformer, special tokens included."""
        return self._settings.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 [n_texts, dim] of length 1."""
        check_texts(texts)
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = np.array([self._token_ids(text)], dtype=np.int64)
            vectors[row] = self._session.run(None, {"input_ids": ids, "attention_mask": np.ones_like(ids)})[0][0]
        return vectors

    def _token_ids(self, text: str) -> Sequence[int]:
        """The ids with the special tokens at both ends: the cut keeps head and tail, so it keeps those too."""
        settings = self._settings
        cut = cut_text(text, settings.head_chars, settings.tail_chars)
        return cut_tokens(self._tokenizer.encode(cut).ids, settings.max_tokens)
