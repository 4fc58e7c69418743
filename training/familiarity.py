"""Learns what is familiar: the space, the reference steps, and the distance beyond which a step is not."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.features.lexical import LEXICAL_NAMES
from tierwise.features.schema import FeatureSchema
from tierwise.features.structural import MISSING, STRUCTURAL_NAMES
from tierwise.router_model.familiarity import (
    EMBEDDING_WEIGHT,
    TASK_TYPE_WEIGHT,
    Familiarity,
    FamiliaritySpace,
    NearestReference,
    columns_of,
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
    twentieth. Task types with few steps share the threshold of all.
    """
    space = _space(np.vstack([vectors, copies]), schema)
    coordinates = space.coordinates(vectors)
    n_used = min(len(vectors), config.n_reference_steps // 2)
    reference = np.vstack([coordinates[:n_used], space.coordinates(copies[:n_used])])
    reference_folds = np.tile(folds[:n_used], 2)
    n_near = len(reference) * min(config.n_similar_steps / len(vectors), _MOST_SIMILAR)
    distances = np.empty(len(vectors), dtype=np.float32)
    for fold in np.unique(folds):
        held_out, others = folds == fold, reference[reference_folds != fold]
        rank = _rank(n_near * len(others) / len(reference))
        distances[held_out] = NearestReference(others, rank).distances(coordinates[held_out])
    fallback = _conformal_quantile(distances, config.unfamiliar_share)
    thresholds = {}
    for column in columns_of(schema, "task_type="):
        of_type = distances[vectors[:, column] > 0]
        if len(of_type):
            is_enough = len(of_type) >= _MIN_TYPE_STEPS
            thresholds[column] = _conformal_quantile(of_type, config.unfamiliar_share) if is_enough else fallback
    limits = vectors[:, list(thresholds)] @ np.array(list(thresholds.values()), dtype=np.float32)
    familiarity = Familiarity(space, NearestReference(reference, _rank(n_near)), thresholds)
    return FittedFamiliarity(familiarity, distances > limits, n_used)


def _rank(n_near: float) -> int:
    return max(1, round(n_near))


def _conformal_quantile(distances: NDArray[np.float32], share_above: float) -> float:
    """The distance that a further exchangeable step exceeds with probability ``share_above`` at most."""
    level = min(1.0, np.ceil((len(distances) + 1) * (1 - share_above)) / len(distances))
    return float(np.quantile(distances, level, method="higher"))


def _space(vectors: NDArray[np.float32], schema: FeatureSchema) -> FamiliaritySpace:
    """Counts in units of their spread, task types far apart, the embedding as it is; other identities do not count, nor
    does letter case or a field that no step of the log fills."""
    n_counts = len(STRUCTURAL_NAMES) + len(LEXICAL_NAMES)
    counts = vectors[:, :n_counts]
    is_filled = (counts != MISSING).any(axis=0)
    centre, weight = np.zeros((2, vectors.shape[1]), dtype=np.float32)
    centre[:n_counts] = counts.mean(axis=0)
    weight[:n_counts] = is_filled / np.maximum(counts.std(axis=0), _MIN_SPREAD)
    weight[[schema.names.index(name) for name in _CASE_NAMES]] = 0.0
    weight[list(columns_of(schema, "task_type="))] = TASK_TYPE_WEIGHT
    weight[list(columns_of(schema, "embedding_"))] = EMBEDDING_WEIGHT
    columns = np.flatnonzero(weight)
    return FamiliaritySpace(columns, centre[columns], weight[columns])
