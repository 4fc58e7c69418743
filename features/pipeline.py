"""The one way to make a vector: the same pipeline in training and in serving."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tierwise.data.records import Step
from tierwise.features.encoders.encoder import Encoder
from tierwise.features.encoders.truncate import cut_text
from tierwise.features.identity import fit_vocabularies, identity_columns
from tierwise.features.lexical import LEXICAL_NAMES, MAX_CHARS, lexical_values
from tierwise.features.schema import DEFAULT_COMPONENTS, FeatureSchema, FeatureSchemaError
from tierwise.features.structural import STRUCTURAL_NAMES, structural_values
from tierwise.features.tasks.before import BEFORE_NAMES, before_features, trajectory_of
from tierwise.features.trajectory import TRAJECTORY_NAMES, trajectory_features
from tierwise.features.view import StepView, view_of

_N_OF_TEXT = len(STRUCTURAL_NAMES) + len(LEXICAL_NAMES)
_N_TRAJECTORY = _N_OF_TEXT + len(TRAJECTORY_NAMES)


class FeaturePipeline:
    """Steps to float32 vectors. Every value is finite, whatever the step holds or lacks."""

    def __init__(self, schema: FeatureSchema, encoder: Encoder) -> None:
        if encoder.digest != schema.encoder_digest:
            expected, found = schema.encoder_digest[:12], encoder.digest[:12]
            raise FeatureSchemaError(f"the encoder {found} is not the one that the router was trained on, {expected}")
        self.schema = schema
        self._encoder = encoder
        self._n_counted = _N_TRAJECTORY + (len(BEFORE_NAMES) if schema.task_memory else 0)  # before the identity
        self._positions = {
            field: {value: i for i, value in enumerate(values)} for field, values in schema.vocabularies.items()
        }

    @classmethod
    def fit(
        cls, steps: Sequence[Step], encoder: Encoder, n_components: int = DEFAULT_COMPONENTS, task_memory: bool = False
    ) -> "FeaturePipeline":
        """Learns the identity vocabularies of ``steps``; nothing else is fitted."""
        n_components = min(n_components, encoder.dim)
        read = steps if task_memory else [_untold(step) for step in steps]
        return cls(FeatureSchema(fit_vocabularies(read), n_components, encoder.digest, task_memory), encoder)

    def transform(self, steps: Sequence[Step]) -> NDArray[np.float32]:
        """Vectors float32 [n, len(schema.names)]; a row never depends on the other rows."""
        return self.read(steps)[0]

    def read(self, steps: Sequence[Step]) -> tuple[NDArray[np.float32], list[str]]:
        """The vectors, and the text of each step in the form that all forms of the step share."""
        vectors = np.zeros((len(steps), len(self.schema.names)), dtype=np.float32)
        texts = []
        for vector, step in zip(vectors, steps, strict=True):
            view = view_of(step)
            self._count(vector, step, view)
            texts.append(view.text)
        if self.schema.n_components:
            vectors[:, -self.schema.n_components :] = self._embedded(texts)
        return vectors, texts

    def _embedded(self, texts: list[str]) -> NDArray[np.float32]:
        """Components float32 [n, n_components]; a text that recurs is encoded once."""
        if len(texts) == 1:
            return self._encoder.encode(texts)[:, : self.schema.n_components]
        places = {text: place for place, text in enumerate(dict.fromkeys(texts))}
        components = self._encoder.encode(list(places))[:, : self.schema.n_components]
        return components if len(places) == len(texts) else components[[places[text] for text in texts]]

    def _count(self, vector: NDArray[np.float32], step: Step, view: StepView) -> None:
        """Writes all but the embedding into ``vector``, which holds zeros."""
        read = cut_text(view.text, MAX_CHARS // 2, MAX_CHARS // 2)
        vector[:_N_OF_TEXT] = [*structural_values(step, view), *lexical_values(read, view.n_chars)]
        step = step if self.schema.task_memory else _untold(step)
        if step.messages or step.before:
            vector[_N_OF_TEXT:_N_TRAJECTORY] = [*trajectory_features(trajectory_of(step)).values()]
        if self.schema.task_memory:
            vector[_N_TRAJECTORY : self._n_counted] = [*before_features(step.before).values()]
        vector[[self._n_counted + column for column in identity_columns(step, self._positions)]] = 1.0


def _untold(step: Step) -> Step:
    """Without what it is told of earlier steps, which a router trained without that does not read."""
    return replace(step, before=()) if step.before else step
