"""A linear view of answers with log-probabilities beside the trees: few weights, learned from few answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEANING_COLUMNS = (
    "p_step_answer", "logprob_mean", "logprob_min", "logprob_tokens", "others_same", "other_logprob_mean", "votes_same",
)  # fmt: skip
_SURE = 1e-3


@dataclass(frozen=True, slots=True)
class Leaning:
    """Log-odds of an answer by the place of its tier, and their ``share`` beside those of the trees, 0 to 1.

    ``center`` and ``scale`` float64 [c] are of the columns once bent, ``weights`` float64 [k - 1, 2 c + 1]: of the
    columns, of their being missing, and the intercept. Answers without log-probabilities are left to the trees.
    """

    center: Floats
    scale: Floats
    weights: Floats
    share: float = 1.0

    def log_odds(self, rows: NDArray[np.float32], names: Sequence[str]) -> Floats:
        """Of rows float32 [m, d] with the columns ``names``, float64 [m]; NaN without log-probabilities."""
        tier = tier_of(rows, names, len(self.weights) + 1)
        design = designed(bent(rows, names), self.center, self.scale)
        found = np.einsum("ij,ij->i", design, self.weights[tier])
        return np.where(has_logprobs(rows, names), found, np.nan)

    def beside(self, trees: Floats, rows: NDArray[np.float32], names: Sequence[str]) -> Floats:
        """The log-odds of both together, float64 [m]."""
        return leant(trees, self.log_odds(rows, names), self.share)

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``leaning`` in ``acceptance.json``."""
        arrays = {name: getattr(self, name).tolist() for name in ("center", "scale", "weights")}
        return {"columns": list(LEANING_COLUMNS), **arrays, "share": self.share}

    @classmethod
    def from_mapping(cls, raw: Mapping[str, Any]) -> "Leaning":
        """Raises ``ValueError`` or ``KeyError`` for what is no such form."""
        center, scale, weights = (np.array(raw[name], dtype=np.float64) for name in ("center", "scale", "weights"))
        found = cls(center, scale, weights, float(raw["share"]))
        n = len(LEANING_COLUMNS)
        shapes = [found.center.shape, found.scale.shape, found.weights.shape[1:]]
        if tuple(raw["columns"]) != LEANING_COLUMNS or shapes != [(n,), (n,), (2 * n + 1,)]:
            raise ValueError("a leaning on other columns")
        if not all(np.isfinite(part).all() for part in (found.center, found.scale, found.weights, found.share)):
            raise ValueError("a leaning that is no number")
        return found


def leant(trees: Floats, leaning: Floats, share: float) -> Floats:
    """Log-odds of both together, float64 [m]; of the trees alone where there is no linear view (NaN)."""
    return np.where(np.isnan(leaning), trees, (1.0 - share) * trees + share * leaning)


def has_logprobs(rows: NDArray[np.float32], names: Sequence[str]) -> NDArray[np.bool_]:
    """Of which rows the answer came with log-probabilities, bool [m]."""
    return np.asarray(~np.isnan(rows[:, names.index("logprob_mean")]))


def tier_of(rows: NDArray[np.float32], names: Sequence[str], n_tiers: int) -> NDArray[np.int64]:
    """The place of the answer's tier, int64 [m]."""
    place = rows[:, names.index("tier_place")] * max(n_tiers - 1, 1)
    return np.minimum(np.rint(place).astype(np.int64), n_tiers - 2)


def bent(rows: NDArray[np.float32], names: Sequence[str]) -> Floats:
    """The columns as log-odds lean on them, float64 [m, c]: chances as their log-odds, doubts by their order of
    magnitude."""
    found = rows[:, [names.index(name) for name in LEANING_COLUMNS]].astype(np.float64)
    for place, name in enumerate(LEANING_COLUMNS):
        if name.startswith("p_step"):
            chance = np.clip(found[:, place], _SURE, 1.0 - _SURE)
            found[:, place] = np.log(chance / (1.0 - chance))
        elif name.endswith(("logprob_mean", "logprob_min")):
            found[:, place] = -np.log(_SURE + np.maximum(-found[:, place], 0.0))
    return found


def designed(columns: Floats, center: Floats, scale: Floats) -> Floats:
    """Scaled columns with 0 where missing, then which are missing, then 1: float64 [m, 2 c + 1]."""
    is_missing = np.isnan(columns)
    scaled = np.where(is_missing, 0.0, (columns - center) / scale)
    return np.concatenate([scaled, is_missing, np.ones((len(columns), 1))], axis=1)
