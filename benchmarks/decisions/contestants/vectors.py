"""Vectors of steps for the baselines, each text encoded once and kept on disk outside git."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.problem import Fold
from tierwise.data.records import Step
from tierwise.features.encoders.encoder import load_encoder
from tierwise.features.pipeline import FeaturePipeline

Vectors = NDArray[np.float32]


@dataclass(frozen=True)
class SentenceVectors:
    """Sentence embeddings of whole prompts; ``folder`` None is the static encoder that ships with the package."""

    label: str
    folder: Path | None
    store: Path

    def of_fold(self, fold: Fold) -> tuple[Vectors, Vectors]:
        """For the steps to learn from and for those to decide: float32 [n, dim] each, of length 1."""
        steps = [logged.step for logged in fold.problem.steps]
        vectors = self._of_steps(steps)
        return vectors[fold.train], vectors[fold.test]

    def _of_steps(self, steps: Sequence[Step]) -> Vectors:
        prompts = {_digest(step.prompt): step.prompt for step in steps}
        path = self.store / f"vectors-{self._encoder.digest[:12]}.npz"
        known = _stored(path)
        missing = [digest for digest in prompts if digest not in known]
        if missing:
            found = self._encoder.encode([prompts[digest] for digest in missing])
            known |= dict(zip(missing, found, strict=True))
            path.parent.mkdir(parents=True, exist_ok=True)
            staging = path.with_name(f"{path.stem}.{os.getpid()}.npz")
            np.savez(staging, digests=np.array(list(known)), vectors=np.stack(list(known.values())))
            staging.replace(path)
        return np.stack([known[_digest(step.prompt)] for step in steps])

    @cached_property
    def _encoder(self):  # type: ignore[no-untyped-def]
        return load_encoder(self.folder)


@dataclass(frozen=True, slots=True)
class FeatureVectors:
    """Everything that Tierwise looks at, standardised for linear models; vocabularies come from the training steps."""

    label: str = "all features"

    def of_fold(self, fold: Fold) -> tuple[Vectors, Vectors]:
        train_steps = [logged.step for logged in fold.logged]
        pipeline = FeaturePipeline.fit(train_steps, load_encoder())
        train, test = pipeline.transform(train_steps), pipeline.transform(fold.to_decide)
        centre, spread = train.mean(axis=0), train.std(axis=0)
        spread[spread < 1e-6] = 1.0
        return np.clip((train - centre) / spread, -5, 5), np.clip((test - centre) / spread, -5, 5)


VectorSource = SentenceVectors | FeatureVectors


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def _stored(path: Path) -> dict[str, Vectors]:
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return dict(zip(stored["digests"].tolist(), stored["vectors"], strict=True))
