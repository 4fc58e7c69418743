"""Learned acceptance: from the evidence of an answer to the chance that it succeeds, and that the top tier would.

Two heads on the same row. The first gives P(the answer succeeds); the second P(the top tier succeeds), once as if the
answer were right and once as if it were wrong, because the two go together: where the cheap answer is wrong, the top
tier often is too. What an acceptance loses is the difference of the two chances. Nothing here needs a training package.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tierwise.data.errors import TierwiseError
from tierwise.features.evidence import EVIDENCE_NAMES
from tierwise.features.schema import FeatureSchema
from tierwise.router_model.accepting.leaning import Leaning
from tierwise.router_model.predicting.predictor import open_graph, run_graph

Floats = NDArray[np.float64]
ANSWER_GRAPH, TOP_GRAPH, ACCEPTANCE_FILE = "acceptance_answer.onnx", "acceptance_top.onnx", "acceptance.json"
FORMAT_VERSION, LEANING_VERSION = 1, 2
"""The second has a linear view beside the trees; programs that know the first alone refuse it."""
_PLACE_NAMES = ("tier_place", "n_asked", "p_step_answer", "p_step_top")


class AcceptanceError(TierwiseError):
    """Files of an acceptance that this version of Tierwise cannot read."""


@dataclass(frozen=True, slots=True)
class AcceptanceSchema:
    """The columns of a row: the evidence, where the answer stands, what the router said of the step, and the step's
    own identity columns by name. ``tiers`` are cheapest first; ``target`` is ``success`` or ``same-answer``."""

    tiers: tuple[str, ...]
    step_columns: tuple[str, ...]
    target: str = "success"

    @classmethod
    def of(cls, features: FeatureSchema, tiers: Sequence[str], target: str = "success") -> "AcceptanceSchema":
        """The identity columns of a feature schema: task type, agent, node and the like."""
        fields = tuple(f"{field}=" for field in features.vocabularies)
        columns = tuple(name for name in features.names if name.startswith(fields))
        return cls(tuple(tiers), columns, target)

    @property
    def names(self) -> tuple[str, ...]:
        return (*EVIDENCE_NAMES, *_PLACE_NAMES, *self.step_columns)

    def columns_in(self, features: FeatureSchema) -> NDArray[np.int64]:
        """Where the step columns stand in a feature vector, int64 [s]. Raises ``AcceptanceError``."""
        places = {name: place for place, name in enumerate(features.names)}
        missing = [name for name in self.step_columns if name not in places]
        if missing:
            raise AcceptanceError(f"the features have no column '{missing[0]}'; train the acceptance with this router")
        return np.array([places[name] for name in self.step_columns], dtype=np.int64)

    def rows(
        self,
        evidence: NDArray[np.float32],
        tier: NDArray[np.int64],
        n_asked: int,
        step: NDArray[np.float32],
        p_step: Floats | None = None,
    ) -> NDArray[np.float32]:
        """Rows float32 [m, d] of m answers: ``evidence`` [m, e], their ``tier`` [m], the step columns ``step`` [m, s]
        and the router's ``p_step`` [m, k], or None where no router spoke."""
        m, k = len(evidence), len(self.tiers)
        place = np.full((m, len(_PLACE_NAMES)), np.nan, dtype=np.float32)
        place[:, 0], place[:, 1] = tier / max(k - 1, 1), n_asked
        if p_step is not None:
            place[:, 2], place[:, 3] = p_step[np.arange(m), tier], p_step[:, -1]
        return np.concatenate([evidence, place, step], axis=1, dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Judgement:
    """Of m answers: the chance that each succeeds and that the top tier would, float64 [m]."""

    p_answer: Floats
    p_top: Floats

    @property
    def p_lost(self) -> Floats:
        """What accepting is expected to lose of success, float64 [m]; below 0 where the answer is the better one."""
        return self.p_top - self.p_answer


@dataclass(frozen=True, slots=True)
class Lines:
    """Platt's line on log-odds for the answer, and for the top tier given a right and a wrong answer: (slope,
    intercept) each."""

    answer: tuple[float, float] = (1.0, 0.0)
    top_if_right: tuple[float, float] = (1.0, 0.0)
    top_if_wrong: tuple[float, float] = (1.0, 0.0)


def judged(answer: Floats, top_if_right: Floats | None, top_if_wrong: Floats | None, lines: Lines) -> Judgement:
    """From raw log-odds float64 [m] to chances. Without scores of the top tier it is certain to succeed: with the
    target ``same-answer``, its answer is the measure."""
    p_answer = _chance(answer, lines.answer)
    if top_if_right is None or top_if_wrong is None:
        return Judgement(p_answer, np.ones_like(p_answer))
    right, wrong = _chance(top_if_right, lines.top_if_right), _chance(top_if_wrong, lines.top_if_wrong)
    return Judgement(p_answer, p_answer * right + (1 - p_answer) * wrong)


class Acceptance:
    """Judges answers with the graphs of a bundle; ``top_graph`` None belongs to the target ``same-answer``."""

    def __init__(
        self,
        schema: AcceptanceSchema,
        answer_graph: bytes,
        top_graph: bytes | None,
        lines: Lines,
        leaning: Leaning | None = None,
    ) -> None:
        self.schema = schema
        self.lines = lines
        self.leaning = leaning
        self._names = schema.names
        self._answer_bytes, self._top_bytes = answer_graph, top_graph
        self._answer = open_graph(answer_graph)
        self._top = None if top_graph is None else open_graph(top_graph)
        self._columns: tuple[FeatureSchema, NDArray[np.int64]] | None = None

    def judge(self, rows: NDArray[np.float32]) -> Judgement:
        """Rows float32 [m, d] of ``schema``; one row's result does not depend on the others."""
        answer = run_graph(self._answer, rows).astype(np.float64)
        if self.leaning is not None:
            answer = self.leaning.beside(answer, rows, self._names)
        if self._top is None:
            return judged(answer, None, None, self.lines)
        both = run_graph(self._top, with_state(rows)).astype(np.float64)
        return judged(answer, both[: len(rows)], both[len(rows) :], self.lines)

    def columns_in(self, features: FeatureSchema) -> NDArray[np.int64]:
        """As ``schema.columns_in``, looked up once for the schema that serves."""
        known = self._columns
        if known is None or known[0] is not features:
            known = self._columns = (features, self.schema.columns_in(features))
        return known[1]

    def save(self, folder: Path | str) -> None:
        """Writes the graphs and ``acceptance.json``."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ANSWER_GRAPH).write_bytes(self._answer_bytes)
        if self._top_bytes is not None:
            (folder / TOP_GRAPH).write_bytes(self._top_bytes)
        (folder / ACCEPTANCE_FILE).write_text(json.dumps(self.to_mapping(), indent=1) + "\n", encoding="utf-8")

    def to_mapping(self) -> dict[str, Any]:
        """The form of ``acceptance.json``."""
        return {
            "format_version": FORMAT_VERSION if self.leaning is None else LEANING_VERSION,
            "target": self.schema.target,
            "tiers": list(self.schema.tiers),
            "evidence": list(EVIDENCE_NAMES),
            "step_columns": list(self.schema.step_columns),
            "lines": {name: list(getattr(self.lines, name)) for name in Lines.__slots__},
            **({} if self.leaning is None else {"leaning": self.leaning.to_mapping()}),
        }

    @classmethod
    def load(cls, folder: Path | str) -> "Acceptance":
        """Raises ``AcceptanceError`` for files of another version or with other evidence, and for missing ones."""
        folder = Path(folder)
        try:
            raw = json.loads((folder / ACCEPTANCE_FILE).read_text(encoding="utf-8"))
            schema, lines = _read(raw)
            leaning = Leaning.from_mapping(raw["leaning"]) if raw["format_version"] == LEANING_VERSION else None
            top = None if schema.target == "same-answer" else (folder / TOP_GRAPH).read_bytes()
            return cls(schema, (folder / ANSWER_GRAPH).read_bytes(), top, lines, leaning)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise AcceptanceError(f"{folder}: no acceptance that can be read: {error}; train it again") from None


def with_state(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows twice, float32 [2 m, d + 1]: as if each answer were right, then as if it were wrong."""
    m, d = rows.shape
    both = np.empty((2 * m, d + 1), dtype=np.float32)
    both[:m, :d], both[m:, :d] = rows, rows
    both[:m, d], both[m:, d] = 1.0, 0.0
    return both


def _read(raw: Mapping[str, Any]) -> tuple[AcceptanceSchema, Lines]:
    if raw["format_version"] not in (FORMAT_VERSION, LEANING_VERSION) or tuple(raw["evidence"]) != EVIDENCE_NAMES:
        raise ValueError(f"format {raw['format_version']} with {len(raw['evidence'])} columns of evidence")
    schema = AcceptanceSchema(tuple(raw["tiers"]), tuple(raw["step_columns"]), raw["target"])
    return schema, Lines(**{name: (float(a), float(b)) for name, (a, b) in raw["lines"].items()})


def _chance(log_odds: Floats, line: tuple[float, float]) -> Floats:
    score = np.minimum(np.maximum(log_odds * line[0] + line[1], -30.0), 30.0)  # np.clip costs more than the rest
    return np.asarray(1.0 / (1.0 + np.exp(-score)))
