"""ONNX sessions and tokenizers as encoders need them: one thread, no spinning, nothing padded or truncated."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import onnxruntime
from tokenizers import Tokenizer

from tierwise.features.encoders.settings import GRAPH_FILE, TOKENIZER_FILE, EncoderError


def open_session(folder: Path) -> onnxruntime.InferenceSession:
    """Open `encoder.onnx` for one thread; a busy-waiting pool would steal time from the server."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # planned anew, and kept, for each length of text
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return onnxruntime.InferenceSession(str(folder / GRAPH_FILE), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises a class per status code, all derived from Exception only
        raise EncoderError(f"{folder / GRAPH_FILE} cannot be opened: {error}") from error


def open_tokenizer(folder: Path) -> Tokenizer:
    """Open `tokenizer.json` with truncation and padding off, whatever the file bakes in."""
    try:
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER_FILE))
    except Exception as error:  # tokenizers raises bare Exception
        raise EncoderError(f"{folder / TOKENIZER_FILE} cannot be opened: {error}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def check_texts(texts: Sequence[str]) -> None:
    """Refuse one bare string, which would be read as a list of its characters."""
    if isinstance(texts, str):
        raise EncoderError("encode takes a list of texts; wrap a single text: encode([text])")
