"""Familiarity: is a step like those that the router learned from?

A learned router is confidently wrong on steps of a kind it never saw, or saw a few times. A step counts as unfamiliar
when its task type never occurred in the training log, or when the k-th nearest reference step is further away than for
all but a small share of held-out training steps of its task type (a conformal threshold on the distance to the k-th
neighbour, one a category; Vovk, Gammerman and Shafer 2005, "Algorithmic learning in a random world", section 4.5). With
k above 1 a handful of logged steps makes no kind familiar: a source of which the log holds 100 steps among 3,000 lost
9 % where 3 % was promised with k = 1, and 2 % with k = 50.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.features.schema import FeatureSchema
from tierwise.features.structural import MISSING

TASK_TYPE_WEIGHT = 6.0
EMBEDDING_WEIGHT = 8.0
_MAX_DEVIATIONS = 5.0
_BLOCK = 512
_GLANCE = 256
_ROUNDING = 1e-3
SAME_SHARE = 4e-6
"""What sums of products in float32 may be off by, as a share: steps of one template lie at the very distance that is
the threshold, often 0, and must not be unfamiliar for a rounding that fitting did otherwise."""


@dataclass(frozen=True, slots=True)
class FamiliaritySpace:
    """The coordinates in which steps are compared: ``clip((vector[columns] - centre) * weight)``, float32 [c].

    ``columns`` int64 [c] are the features that count, ``centre`` and ``weight`` float32 [c] belong to them. What a step
    does not say counts as the usual: silence is no evidence that a step is of another kind. For its task type
    :class:`Familiarity` sees to that.
    """

    columns: NDArray[np.int64]
    centre: NDArray[np.float32]
    weight: NDArray[np.float32]

    def coordinates(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Of vectors float32 [n, d], or of one [d]."""
        values = vectors.take(self.columns, axis=-1)
        deviations: NDArray[np.float32] = values - self.centre
        deviations *= self.weight
        deviations[values == MISSING] = 0.0
        np.minimum(deviations, _MAX_DEVIATIONS, out=deviations)
        np.maximum(deviations, -_MAX_DEVIATIONS, out=deviations)
        return deviations

    def usual(self, n_columns: int) -> NDArray[np.float32]:
        """A vector float32 [n_columns] with the centre where there is one and 0 elsewhere."""
        vector = np.zeros(n_columns, dtype=np.float32)
        vector[self.columns] = self.centre
        return vector


def is_beyond(
    distances: NDArray[np.float32], limits: NDArray[np.float32], points: NDArray[np.float32]
) -> NDArray[np.bool_]:
    """bool [n]: whether distances of ``points`` float32 [n, c] exceed their limits by more than rounding may do."""
    slack = SAME_SHARE * np.einsum("ij,ij->i", points, points)
    return np.asarray(np.square(distances) > np.square(limits) + slack)


class NearestReference:
    """Finds the distance to the ``rank``-th nearest of ``reference`` float32 [m, c]; their norms are computed once."""

    def __init__(self, reference: NDArray[np.float32], rank: int = 1) -> None:
        self.reference = np.ascontiguousarray(reference)
        self.rank = rank
        self._norms = np.einsum("ij,ij->i", self.reference, self.reference)
        self._parts = [
            (self.reference[part], self._norms[part] / 2) for part in (slice(_GLANCE), slice(_GLANCE, len(reference)))
        ]

    def distances(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Euclidean distances float32 [n] of ``points`` float32 [n, c], in blocks of bounded memory.

        Infinite where there are fewer than ``rank`` references.
        """
        nearest = np.full(len(points), np.inf, dtype=np.float32)
        if len(self.reference) < self.rank:
            return nearest
        for start in range(0, len(points), _BLOCK):
            block = points[start : start + _BLOCK]
            products = self._norms - 2.0 * (block @ self.reference.T)
            products.partition(self.rank - 1, axis=1)
            squared = products[:, self.rank - 1] + np.einsum("ij,ij->i", block, block)
            nearest[start : start + _BLOCK] = np.sqrt(np.maximum(squared, 0.0))
        return nearest

    def is_within(self, point: NDArray[np.float32], threshold: float) -> bool:
        """Whether the ``rank``-th nearest reference lies within ``threshold`` of ``point`` float32 [c].

        The first few hundred references settle it for most points. Counting those that are near is faster than ranking
        them, and ``|p - r|^2 <= t^2`` where ``p r - r^2 / 2 >= (p^2 - t^2) / 2``.
        """
        if math.isinf(threshold):  # where nothing bounds the distance, everything is near
            return True
        limit = ((1.0 - SAME_SHARE) * float(point @ point) - threshold * threshold) / 2
        n_near = 0
        for part, half_norms in self._parts:
            closeness = part @ point
            closeness -= half_norms
            n_near += int(np.count_nonzero(closeness >= limit))
            if n_near >= self.rank:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _TaskType:
    """The distance up to which steps of a task type are familiar, and the logged steps among which one is looked for.

    ``glance`` are those of them that differ least in the type, which settle it for most. ``places`` int64 are the
    coordinates in which they are compared, None for all.
    """

    threshold: float
    nearest: NearestReference
    glance: NearestReference | None = None
    places: NDArray[np.int64] | None = None

    def is_familiar(self, point: NDArray[np.float32]) -> bool:
        if self.glance is not None and self.glance.is_within(point, self.threshold):
            return True
        return self.nearest.is_within(point if self.places is None else point[self.places], self.threshold)


@dataclass(frozen=True)
class Familiarity:
    """``nearest`` knows the coordinates of logged steps, and how many of them must be near.

    ``thresholds`` maps the column of each task type that occurred in training to the distance up to which a step of
    that type is familiar. ``untyped`` is the column of steps that name no task type: they are compared with logged
    steps of all types, in every coordinate but those of the type, up to a distance of their own among ``thresholds``.
    """

    space: FamiliaritySpace
    nearest: NearestReference
    thresholds: Mapping[int, float]
    untyped: int | None = None

    @property
    def reference(self) -> NDArray[np.float32]:
        """Coordinates of logged steps, float32 [m, c]."""
        return self.nearest.reference

    def is_unfamiliar(self, vectors: NDArray[np.float32]) -> NDArray[np.bool_]:
        """bool [n] for feature vectors float32 [n, d]."""
        types, points = vectors.take(list(self.thresholds), axis=1).tolist(), self.space.coordinates(vectors)
        return np.array([not self._is_near(*row) for row in zip(types, points, strict=True)], dtype=np.bool_)

    def is_familiar(self, vector: NDArray[np.float32]) -> bool:
        """Of one vector float32 [d]."""
        return self._is_near([vector.item(column) for column in self.thresholds], self.space.coordinates(vector))

    def _is_near(self, types: Sequence[float], point: NDArray[np.float32]) -> bool:
        """``types`` are the values of the columns that have a threshold."""
        for value, of_type in zip(types, self._task_types, strict=True):
            if value > 0:
                return of_type.is_familiar(point)
        return False

    @cached_property
    def _task_types(self) -> tuple[_TaskType, ...]:
        """By task type the part of ``reference`` that matters to it.

        Steps of different types differ in their type's columns alone, often by so much that most of the reference lies
        beyond the threshold: leaving it out changes no answer. Where much of it does not, the whole serves all types,
        after a look at the first few hundred in the order of that difference.
        """
        places = [int(place) for column in self.thresholds for place in np.flatnonzero(self.space.columns == column)]
        found = []
        for column, threshold in self.thresholds.items():
            if column == self.untyped:
                found.append(self._of_untyped(threshold))
                continue
            is_own = (self.space.columns[places] == column).astype(np.float32)
            own = (is_own - self.space.centre[places]) * self.space.weight[places]
            apart = self.reference[:, places] - np.clip(own, -_MAX_DEVIATIONS, _MAX_DEVIATIONS)
            difference = np.sqrt(np.square(apart).sum(axis=1))
            order = np.argsort(difference, kind="stable")
            can_be_near = order[difference[order] <= threshold * (1 + _ROUNDING) + _ROUNDING]
            if len(can_be_near) <= 4 * _GLANCE:
                found.append(_TaskType(threshold, NearestReference(self.reference[can_be_near], self.nearest.rank)))
                continue
            glance = NearestReference(self.reference[can_be_near[: 2 * _GLANCE]], self.nearest.rank)
            found.append(_TaskType(threshold, self.nearest, glance))
        return tuple(found)

    def _of_untyped(self, threshold: float) -> _TaskType:
        others = self.untyped_places
        return _TaskType(threshold, NearestReference(self.reference[:, others], self.nearest.rank), places=others)

    @property
    def untyped_places(self) -> NDArray[np.int64]:
        """The coordinates that do not tell the task type, int64."""
        return np.flatnonzero(~np.isin(self.space.columns, list(self.thresholds)))

    def to_mapping(self) -> dict[str, Any]:
        """All but ``reference``, which is an array file of its own."""
        return {
            "rank": self.nearest.rank,
            "columns": self.space.columns.tolist(),
            "centre": self.space.centre.tolist(),
            "weight": self.space.weight.tolist(),
            "thresholds": [[column, threshold] for column, threshold in self.thresholds.items()],
            "untyped": self.untyped,
        }

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any], reference: NDArray[np.float32]) -> "Familiarity":
        columns = np.asarray(raw["columns"], np.int64)
        space = FamiliaritySpace(columns, np.asarray(raw["centre"], np.float32), np.asarray(raw["weight"], np.float32))
        thresholds = {int(column): float(threshold) for column, threshold in raw["thresholds"]}
        untyped = None if raw["untyped"] is None else int(raw["untyped"])
        return cls(space, NearestReference(reference, int(raw["rank"])), thresholds, untyped)


def columns_of(schema: FeatureSchema, prefix: str) -> Sequence[int]:
    """Positions of the columns whose names start with ``prefix``."""
    return [i for i, name in enumerate(schema.names) if name.startswith(prefix)]
