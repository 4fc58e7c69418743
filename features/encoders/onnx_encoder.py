"""What both encoders do: text to token ids, ids to the vector of an ONNX graph, one text at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from tierwise.features.encoders.session import check_texts
from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.truncate import cut_text, cut_tokens

TokenIds = NDArray[np.int64]


class OnnxEncoder(ABC):
    """An encoder whose graph gives float32 [1, dim]; a subclass knows its tokenizer and what its graph is fed.

    Texts run one by one, so that no vector can depend on what it was batched with.
    """

    def __init__(self, settings: EncoderSettings, session: InferenceSession) -> None:
        self._settings = settings
        self._session = session
        self._outputs = [output.name for output in session.get_outputs()[:1]]

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
        """Tokens that reach the graph, special tokens included: half from the head, half from the tail of a text."""
        return self._settings.max_tokens

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 [n_texts, dim] of length 1; all zeros where a text holds no known token."""
        check_texts(texts)
        vectors = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            ids = self._token_ids(text)
            if ids:
                vectors[row] = self._session.run(self._outputs, self._inputs(np.array(ids, dtype=np.int64)))[0][0]
        return vectors

    def _token_ids(self, text: str) -> Sequence[int]:
        settings = self._settings
        cut = cut_text(text, settings.head_chars, settings.tail_chars)
        return cut_tokens(self._tokenize(cut), settings.max_tokens)

    @abstractmethod
    def _tokenize(self, text: str) -> Sequence[int]:
        """All token ids of a text."""

    @abstractmethod
    def _inputs(self, ids: TokenIds) -> dict[str, TokenIds]:
        """What the graph is fed for the ids of one text, int64 [n_tokens]."""
