"""Proof that an exported encoder gives the vectors of its source, text by text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.features.encoders.encoder import Encoder
from tierwise.training.encoders.source import EncoderExportError

# Agent steps of every kind, short and long, some not English: what parity is shown on unless texts are given.
PARITY_TEXTS: tuple[str, ...] = (
    "Extract the invoice number and the due date from this e-mail.",
    "Which of these tools answers the question? Answer with its name only.",
    "Summarise the discussion in three bullet points for the release notes.",
    "def mean(xs):\n    return sum(xs) / len(xs)\n\nWhy does this fail for an empty list?",
    "Classify the sentiment of the review as positive, negative or neutral: 'It broke after two days.'",
    "A train leaves at 9:40 and arrives at 13:05. How long does the journey take?",
    "Convert the table to JSON with the keys id, name and price.",
    "Write a polite reply that declines the meeting and proposes Thursday afternoon instead.",
    "SELECT name FROM users WHERE created_at > '2024-01-01' ORDER BY name LIMIT 10;",
    "Plan the migration of the billing service to the new database, step by step, with a way back.",
    "Translate into French: the package will be delivered tomorrow morning.",
    "¿Cuál es la capital de Australia? Responde con una sola palabra.",
    "Résumez le texte suivant en une phrase, sans le mot « très ».",
    "次の文章を要約してください。",
    "Is the following contract clause enforceable in Germany? Explain both sides.",
    "Error: connection refused (ECONNREFUSED 127.0.0.1:5432)",
    "ok",
    "42",
    "🙂👍",
    "Compare the two proposals and say which one you would fund, and why.",
)


@dataclass(frozen=True, slots=True)
class VectorParity:
    """How far two sets of unit vectors of the same texts lie apart."""

    n_texts: int
    max_abs_deviation: float
    cosine_mean: float
    cosine_min: float


def compare(found: NDArray[np.float32], expected: NDArray[np.float32]) -> VectorParity:
    """Compare unit vectors [n_texts, dim] row by row."""
    cosine = np.sum(found.astype(np.float64) * expected, axis=1)
    return VectorParity(
        n_texts=len(found),
        max_abs_deviation=float(np.max(np.abs(found - expected))),
        cosine_mean=float(cosine.mean()),
        cosine_min=float(cosine.min()),
    )


def parity_with_source(encoder: Encoder, model: Any, texts: Sequence[str]) -> VectorParity:
    """Compare an encoder with the sentence-transformers model it was exported from."""
    expected = model.encode(list(texts), batch_size=1, normalize_embeddings=True, show_progress_bar=False)
    return compare(encoder.encode(texts), np.asarray(expected, dtype=np.float32))


def texts_that_fit(model: Any, texts: Sequence[str], max_tokens: int, max_chars: int) -> list[str]:
    """The texts that nobody cuts: on longer ones, head and tail differ from the source's head by design."""
    limit = min(max_tokens, int(model.max_seq_length or max_tokens))
    encode = model.tokenizer.backend_tokenizer.encode
    fitting = [text for text in texts if text and len(text) <= max_chars and len(encode(text).ids) <= limit]
    if not fitting:
        raise EncoderExportError(f"none of the {len(texts)} parity texts fits into {limit} tokens; give shorter ones")
    return fitting
