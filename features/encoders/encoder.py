"""The encoder protocol, and the one way to load an encoder from a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.static import STATIC_FOLDER, StaticEncoder
from tierwise.features.encoders.transformer import TransformerEncoder


class Encoder(Protocol):
    """Texts to unit vectors. The vector of a text never depends on the texts encoded with it."""

    @property
    def dim(self) -> int:
        """Length of a vector."""

    @property
    def digest(self) -> str:
        """The sha256 of `encoder.onnx`: vectors of two encoders compare only when it is the same."""

    @property
    def max_tokens(self) -> int:
        """Tokens of a text that reach the graph, special tokens included."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors [n_texts, dim] of length 1; all zeros where a text holds no known token."""


def load_encoder(folder: Path | str | None = None) -> Encoder:
    """Load the encoder of a folder, static or transformer as its `encoder.json` says; `None` loads the shipped one.

    >>> load_encoder().encode(["extract the invoice number", ""]).shape
    (2, 128)
    """
    path = STATIC_FOLDER if folder is None else Path(folder)
    settings = EncoderSettings.load(path)
    if settings.kind == "transformer":
        return TransformerEncoder.load(path)
    return StaticEncoder.load(path)
