"""Encoding in parts: the same vectors as in one piece, and each text encoded once."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tierwise.data.records import LoggedStep, Step
from tierwise.features.encoders.static import StaticEncoder
from tierwise.features.pipeline import FeaturePipeline
from tierwise.training import encoding
from tierwise.training.encoding import Encoding, encode_steps
from tierwise.training.engines.local import LocalEngine
from tierwise.training.progress import silent_progress


class CountingEncoder:
    """The static encoder, and how many texts it was given."""

    def __init__(self) -> None:
        self._encoder = StaticEncoder.load()
        self.dim, self.digest, self.max_tokens = self._encoder.dim, self._encoder.digest, self._encoder.max_tokens
        self.n_texts = 0

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.n_texts += len(texts)
        return self._encoder.encode(texts)


def test_parts_give_the_vectors_of_the_whole(
    sample_steps: tuple[LoggedStep, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoding, "PART_STEPS", 7)
    steps = [logged.step for logged in sample_steps[:40]]
    pipeline = FeaturePipeline.fit(steps, StaticEncoder.load())
    found = encode_steps(Encoding(pipeline.schema, None), steps, LocalEngine(), silent_progress)
    assert np.array_equal(found, pipeline.transform(steps))


def test_a_text_that_recurs_is_encoded_once() -> None:
    steps = [Step(text, agent=agent) for agent in ("a", "b", "c") for text in ("one text", "another text")]
    encoder = CountingEncoder()
    pipeline = FeaturePipeline.fit(steps, encoder)
    vectors = pipeline.transform(steps)
    assert encoder.n_texts == 2
    assert np.array_equal(vectors, np.vstack([pipeline.transform([step]) for step in steps]))


@pytest.mark.slow
def test_an_encoder_folder_is_read_again_when_its_content_changed(tmp_path: Path) -> None:
    """A worker outlives trainings; what it remembers must be the encoder that the schema names."""
    from tierwise.features.encoders.static import STATIC_FOLDER
    from tierwise.features.schema import FeatureSchemaError

    schema = FeaturePipeline.fit([Step("text")], StaticEncoder.load()).schema
    folder = tmp_path / "encoder"
    folder.symlink_to(STATIC_FOLDER)
    assert encode_steps(Encoding(schema, folder), [Step("text")], LocalEngine(), silent_progress).shape[0] == 1
    other = FeaturePipeline.fit([Step("text")], StaticEncoder.load()).schema
    object.__setattr__(other, "encoder_digest", "0" * 64)
    with pytest.raises(FeatureSchemaError, match="is not the one"):
        encode_steps(Encoding(other, folder), [Step("text")], LocalEngine(), silent_progress)
