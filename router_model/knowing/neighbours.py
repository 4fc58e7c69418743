"""The logged steps that a bundle can name when it explains: their ids and outcomes, and no word of their texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.data.sensitive.text import redact_text
from tierwise.router_model.knowing.familiarity import Familiarity


@dataclass(frozen=True, slots=True)
class LoggedNeighbour:
    """A logged step near another: its distance, and per tier whether it succeeded, None where nobody tried."""

    step_id: str
    success: tuple[bool | None, ...]
    distance: float

    def text(self, names: Sequence[str]) -> str:
        """``s-12 (small failed, mid succeeded)``; tiers that nobody tried are left out."""
        known = [
            f"{name} {'succeeded' if success else 'failed'}"
            for name, success in zip(names, self.success, strict=True)
            if success is not None
        ]
        return f"{self.step_id} ({', '.join(known)})"

    def to_mapping(self, names: Sequence[str]) -> dict[str, Any]:
        success = dict(zip(names, self.success, strict=True))
        return {"step_id": self.step_id, "distance": self.distance, "success": success}


@dataclass(frozen=True, slots=True)
class LoggedSteps:
    """The steps behind the first reference rows of a :class:`Familiarity`, in their order.

    ``step_ids`` [m] and ``success`` [m][k], None unknown.
    """

    step_ids: tuple[str, ...] = ()
    success: tuple[tuple[bool | None, ...], ...] = ()

    @classmethod
    def of(cls, step_ids: Sequence[str], success: NDArray[np.float64]) -> "LoggedSteps":
        """From ``success`` float64 [m, k]: 1, 0 or NaN."""
        rows = tuple(tuple(None if np.isnan(value) else bool(value) for value in row) for row in success)
        return cls(tuple(map(redact_text, step_ids)), rows)

    def nearest(self, familiarity: Familiarity, vector: NDArray[np.float32], n: int) -> list[LoggedNeighbour]:
        """The ``n`` nearest to a feature vector float32 [d], nearest first."""
        reference = familiarity.reference[: len(self.step_ids)]
        distances = np.linalg.norm(reference - familiarity.space.coordinates(vector[None, :]), axis=1)
        rows = np.argsort(distances, kind="stable")[:n].tolist()
        return [LoggedNeighbour(self.step_ids[row], self.success[row], float(distances[row])) for row in rows]

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``logged.json``."""
        return {"step_ids": list(self.step_ids), "success": [list(row) for row in self.success]}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "LoggedSteps":
        return cls(tuple(raw["step_ids"]), tuple(tuple(row) for row in raw["success"]))


NO_LOGGED_STEPS = LoggedSteps()
