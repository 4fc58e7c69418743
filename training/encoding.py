"""Steps to vectors, in parts that an engine can run anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Step
from tierwise.features.encoders.encoder import Encoder, load_encoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.features.schema import FeatureSchema
from tierwise.training.engines.engine import Engine
from tierwise.training.progress import Progress

PART_STEPS = 2_000


@dataclass(frozen=True, slots=True)
class Encoding:
    """What a worker needs to make the same vectors; None is the encoder that its own installation ships."""

    schema: FeatureSchema
    encoder_folder: Path | None


def encode_steps(encoding: Encoding, steps: Sequence[Step], engine: Engine, progress: Progress) -> NDArray[np.float32]:
    """Vectors float32 [n, d]. Steps of the same text meet in one part, whose pipeline encodes that text once."""
    order = sorted(range(len(steps)), key=[step.prompt for step in steps].__getitem__)
    parts = [order[start : start + PART_STEPS] for start in range(0, len(order), PART_STEPS)]
    progress("features", len(parts))
    vectors = np.empty((len(steps), len(encoding.schema.names)), dtype=np.float32)
    found = engine.map(encode_part, encoding, [[steps[row] for row in part] for part in parts])
    for part, values in zip(parts, found, strict=True):
        vectors[part] = values
        progress.step()
    return vectors


def encode_part(encoding: Encoding, steps: Sequence[Step]) -> NDArray[np.float32]:
    """Vectors float32 [n, d] of one part."""
    encoder = _encoder(encoding.encoder_folder, encoding.schema.encoder_digest)
    return FeaturePipeline(encoding.schema, encoder).transform(steps)


@lru_cache(maxsize=2)
def _encoder(folder: Path | None, digest: str) -> Encoder:
    """Loaded once a process; the digest is part of the key, so that a folder with new content is read anew."""
    del digest
    return load_encoder(folder)
