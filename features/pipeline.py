"""The one way to make a vector: the same pipeline in training and in serving."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Step
from tierwise.features.encoders.encoder import Encoder
from tierwise.features.encoders.truncate import cut_text
from tierwise.features.identity import fit_vocabularies, identity_features
from tierwise.features.lexical import MAX_CHARS, lexical_features
from tierwise.features.schema import DEFAULT_COMPONENTS, FeatureSchema, FeatureSchemaError
from tierwise.features.structural import structural_features
from tierwise.features.trajectory import read_trajectory, trajectory_features
from tierwise.features.view import StepView, view_of


class FeaturePipeline:
    """Steps to float32 vectors. Every value is finite, whatever the step holds or lacks."""

    def __init__(self, schema: FeatureSchema, encoder: Encoder) -> None:
        if encoder.digest != schema.encoder_digest:
            expected, found = schema.encoder_digest[:12], encoder.digest[:12]
            raise FeatureSchemaError(f"the encoder {found} is not the one that the router was trained on, {expected}")
        self.schema = schema
        self._encoder = encoder
        self._positions = {
            field: {value: i for i, value in enumerate(values)} for field, values in schema.vocabularies.items()
        }

    @classmethod
    def fit(cls, steps: Sequence[Step], encoder: Encoder, n_components: int = DEFAULT_COMPONENTS) -> "FeaturePipeline":
        """Learns the identity vocabularies of ``steps``; nothing else is fitted."""
        n_components = min(n_components, encoder.dim)
        return cls(FeatureSchema(fit_vocabularies(steps), n_components, encoder.digest), encoder)

    def transform(self, steps: Sequence[Step]) -> NDArray[np.float32]:
        """Vectors float32 [n, len(schema.names)]; a row never depends on the other rows."""
        return self.read(steps)[0]

    def read(self, steps: Sequence[Step]) -> tuple[NDArray[np.float32], list[str]]:
        """The vectors, and the text of each step in the form that all forms of the step share."""
        vectors = np.empty((len(steps), len(self.schema.names)), dtype=np.float32)
        n_counts = vectors.shape[1] - self.schema.n_components
        views = [view_of(step) for step in steps]
        for row, (step, view) in enumerate(zip(steps, views, strict=True)):
            vectors[row, :n_counts] = self._counts(step, view)
        texts = [view.text for view in views]
        if self.schema.n_components:
            vectors[:, n_counts:] = self._embedded(texts)
        return vectors, texts

    def _embedded(self, texts: list[str]) -> NDArray[np.float32]:
        """Components float32 [n, n_components]; a text that recurs is encoded once."""
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        components = self._encoder.encode(list(places))[:, : self.schema.n_components]
        return components if len(places) == len(texts) else components[[places[text] for text in texts]]

    def _counts(self, step: Step, view: StepView) -> list[float]:
        return [
            *structural_features(step, view).values(),
            *lexical_features(cut_text(view.text, MAX_CHARS // 2, MAX_CHARS // 2), view.n_chars).values(),
            *trajectory_features(read_trajectory(step.messages)).values(),
            *identity_features(step, self._positions),
        ]
