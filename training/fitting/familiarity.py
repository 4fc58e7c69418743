"""Learns what is familiar: the space, the reference steps, and the distance beyond which a step is not."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tierwise.features.lexical import LEXICAL_NAMES
from tierwise.features.schema import FeatureSchema
from tierwise.features.structural import FORM_NAMES, MISSING, STRUCTURAL_NAMES
from tierwise.router_model.knowing.familiarity import (
    EMBEDDING_WEIGHT,
    TASK_TYPE_WEIGHT,
    Familiarity,
    FamiliaritySpace,
    NearestReference,
    columns_of,
    is_beyond,
)
from tierwise.training.config import TrainConfig

_MIN_SPREAD = 0.05
_MIN_TYPE_STEPS = 50
_MOST_SIMILAR = 0.05
_CASE_NAMES = ("upper_share", "n_capitalised")
"""Columns that tell how a text is set, not what it asks for."""


@dataclass(frozen=True, slots=True)
class FittedFamiliarity:
    """``is_unfamiliar`` bool [n] says which training steps the reference steps of other folds do not cover.

    The first ``n_reference`` training steps are the first reference rows.
    """

    familiarity: Familiarity
    is_unfamiliar: NDArray[np.bool_]
    n_reference: int


def fit_familiarity(
    vectors: NDArray[np.float32],
    copies: NDArray[np.float32],
    schema: FeatureSchema,
    folds: NDArray[np.int64],
    config: TrainConfig,
) -> FittedFamiliarity:
    """``vectors`` float32 [n, d] in an order that carries no information, ``copies`` their perturbed copies, ``folds``
    int64 [n]. Copies serve as reference steps too, so that a few words more do not make a step unfamiliar.

    Thresholds are conformal quantiles of held-out distances: each step's to the ``n_similar_steps``-th nearest logged
    step of other folds, for which as many reference rows stand as their share of the log; in a small log to the nearest
    twentieth. Task types with few steps share the threshold of all. Steps without a task type are compared with those
    of all types, and have a threshold of their own whether the log holds such steps or not.
    """
    space = _space(np.vstack([vectors, copies]), schema)
    n_used = min(len(vectors), config.n_reference_steps // 2)
    type_columns = list(columns_of(schema, "task_type="))
    of_copies = copies[:n_used].copy()
    of_copies[:, type_columns] = vectors[: len(of_copies), type_columns]  # a copy may have lost its type
    known = _Known(
        space.coordinates(vectors),
        np.vstack([space.coordinates(vectors[:n_used]), space.coordinates(of_copies)]),
        np.concatenate([np.arange(n_used), np.arange(len(of_copies))]),
        min(config.n_similar_steps / len(vectors), _MOST_SIMILAR),
    )
    untyped = schema.names.index("task_type=<none>")
    typed_columns = [column for column in type_columns if column != untyped and vectors[:, column].any()]
    others = np.flatnonzero(~np.isin(space.columns, [*typed_columns, untyped]))
    distances, of_untyped = known.distances(folds), known.within(others).distances(folds)
    share = config.unfamiliar_share
    fallback = _conformal_quantile(distances, share)
    thresholds = {}
    for column in typed_columns:
        of_type = distances[vectors[:, column] > 0]
        thresholds[column] = _conformal_quantile(of_type, share) if len(of_type) >= _MIN_TYPE_STEPS else fallback
    limits = vectors[:, typed_columns] @ np.array(list(thresholds.values()), dtype=np.float32)
    thresholds[untyped] = _conformal_quantile(of_untyped, share)
    is_untyped = vectors[:, untyped] > 0
    limits = np.where(is_untyped, thresholds[untyped], limits).astype(np.float32)
    is_unfamiliar = is_beyond(np.where(is_untyped, of_untyped, distances), limits, known.coordinates)
    nearest = NearestReference(known.reference, known.rank(known.reference))
    return FittedFamiliarity(Familiarity(space, nearest, thresholds, untyped), is_unfamiliar, n_used)


@dataclass(frozen=True, slots=True)
class _Known:
    """``coordinates`` float32 [n, c] of the steps, and ``reference`` float32 [m, c], each row of the step
    ``of_step`` int64 [m]; ``near_share`` of the reference must be near."""

    coordinates: NDArray[np.float32]
    reference: NDArray[np.float32]
    of_step: NDArray[np.int64]
    near_share: float

    def within(self, places: NDArray[np.int64]) -> "_Known":
        """The same in the coordinates ``places`` alone."""
        return replace(self, coordinates=self.coordinates[:, places], reference=self.reference[:, places])

    def distances(self, folds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Of each step to the reference of other folds, float32 [n]."""
        distances = np.empty(len(self.coordinates), dtype=np.float32)
        for fold in np.unique(folds):
            held_out, others = folds == fold, self.reference[folds[self.of_step] != fold]
            distances[held_out] = NearestReference(others, self.rank(others)).distances(self.coordinates[held_out])
        return distances

    def rank(self, reference: NDArray[np.float32]) -> int:
        """How many of ``reference`` must be near."""
        return max(1, round(len(reference) * self.near_share))


def _conformal_quantile(distances: NDArray[np.float32], share_above: float) -> float:
    """The distance that a further exchangeable step exceeds with probability ``share_above`` at most."""
    level = min(1.0, np.ceil((len(distances) + 1) * (1 - share_above)) / len(distances))
    return float(np.quantile(distances, level, method="higher"))


def _space(vectors: NDArray[np.float32], schema: FeatureSchema) -> FamiliaritySpace:
    """Counts in units of their spread, task types far apart, the embedding as it is; other identities do not count, nor
    does letter case, a field that no step of the log fills, or a form that all of its steps have."""
    places = {name: place for place, name in enumerate(schema.names)}
    compared = [places[name] for name in (*STRUCTURAL_NAMES, *LEXICAL_NAMES)]
    counts = vectors.take(compared, axis=1)
    spread = counts.std(axis=0)
    is_filled = (counts != MISSING).any(axis=0)
    centre, weight = np.zeros((2, vectors.shape[1]), dtype=np.float32)
    centre[compared] = counts.mean(axis=0)
    weight[compared] = is_filled / np.maximum(spread, _MIN_SPREAD)
    weight[[places[name] for name in _CASE_NAMES]] = 0.0
    form = [places[name] for name in FORM_NAMES]
    weight[form] = np.where(vectors[:, form].std(axis=0) < _MIN_SPREAD, 0.0, weight[form])
    weight[list(columns_of(schema, "task_type="))] = TASK_TYPE_WEIGHT
    weight[list(columns_of(schema, "embedding_"))] = EMBEDDING_WEIGHT
    columns = np.flatnonzero(weight)
    return FamiliaritySpace(columns, centre[columns], weight[columns])
