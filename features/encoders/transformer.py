"""The alternative encoder: an exported sentence transformer with pooling and normalisation in its graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer

from tierwise.features.encoders.onnx_encoder import OnnxEncoder, TokenIds
from tierwise.features.encoders.session import open_session, open_tokenizer
from tierwise.features.encoders.settings import EncoderSettings


class TransformerEncoder(OnnxEncoder):
    """Sentence vectors from a transformer: milliseconds a text.

    Dynamic int8 scales its activations over the whole batch, so a batch would change the vectors, and it would save a
    tenth of the time at best.
    """

    def __init__(self, settings: EncoderSettings, session: InferenceSession, tokenizer: Tokenizer) -> None:
        super().__init__(settings, session)
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path | str) -> TransformerEncoder:
        """Load an encoder folder as `tierwise encoder export` writes it."""
        path = Path(folder)
        return cls(EncoderSettings.load(path), open_session(path), open_tokenizer(path))

    def _tokenize(self, text: str) -> Sequence[int]:
        """The ids with the special tokens at both ends: the cut keeps head and tail, so it keeps those too."""
        ids: Sequence[int] = self._tokenizer.encode(text).ids
        return ids

    def _inputs(self, ids: TokenIds) -> dict[str, TokenIds]:
        batch = ids[np.newaxis]
        return {"input_ids": batch, "attention_mask": np.ones_like(batch)}
