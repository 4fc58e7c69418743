"""The default encoder: a weighted mean of token vectors out of an int8 table, normalised to length 1."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onnxruntime import InferenceSession

from tierwise.features.encoders.onnx_encoder import OnnxEncoder, TokenIds
from tierwise.features.encoders.session import open_session
from tierwise.features.encoders.settings import EncoderSettings
from tierwise.features.encoders.wordpiece import WordPiece

STATIC_FOLDER = Path(__file__).parent / "static"


class StaticEncoder(OnnxEncoder):
    """Sentence vectors without a transformer: microseconds a text, of which the tokenizer costs ten times the graph.

    The first components of a vector carry most (principal component order).
    """

    def __init__(self, settings: EncoderSettings, session: InferenceSession, wordpiece: WordPiece) -> None:
        super().__init__(settings, session)
        self._wordpiece = wordpiece

    @classmethod
    def load(cls, folder: Path | str | None = None) -> StaticEncoder:
        """Load an encoder folder; `None` loads the one shipped with the package."""
        path = STATIC_FOLDER if folder is None else Path(folder)
        return cls(EncoderSettings.load(path), open_session(path), WordPiece.load(path))

    def _tokenize(self, text: str) -> Sequence[int]:
        return self._wordpiece.ids(text)

    def _inputs(self, ids: TokenIds) -> dict[str, TokenIds]:
        return {"ids": ids}
