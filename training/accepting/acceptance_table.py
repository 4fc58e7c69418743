"""Logged answers as rows to learn acceptance from: what was known when an answer had come, and what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tierwise.data.answers import Question, same_answer
from tierwise.data.records import Attempt, LoggedStep
from tierwise.features.evidence import EVIDENCE_NAMES, Answer, StepEvidence, answers_alone
from tierwise.router_model.accepting.acceptance import AcceptanceSchema

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AcceptanceTable:
    """m rows, one for each answer of each asked set of tiers whose answers are all logged.

    ``rows`` float32 [m, d]; ``step`` int64 [m] whose row it is, ``tier`` int64 [m], ``asked`` int64 [m] the place of
    the asked set; ``answer`` and ``top`` float64 [m]: did the answer and the top tier succeed, NaN unknown; ``weight``
    float64 [m]: a step counts once, however many of its answers are logged.
    """

    rows: NDArray[np.float32]
    step: NDArray[np.int64]
    tier: NDArray[np.int64]
    asked: NDArray[np.int64]
    answer: Floats
    top: Floats
    weight: Floats

    def __len__(self) -> int:
        return len(self.rows)


def asked_sets(tiers: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Every tier below the top alone, and every two of them side by side."""
    cheap = tuple(tiers[:-1])
    return (*((tier,) for tier in cheap), *((one, two) for i, one in enumerate(cheap) for two in cheap[i + 1 :]))


def acceptance_table(
    steps: Sequence[LoggedStep],
    schema: AcceptanceSchema,
    step_columns: NDArray[np.float32],
    p_step: Floats | None = None,
    asked: Sequence[Sequence[str]] | None = None,
) -> AcceptanceTable:
    """The rows of ``steps``: ``step_columns`` float32 [n, s] as the schema wants them, ``p_step`` float64 [n, k] what a
    router that did not see the step said of it."""
    sets = [tuple(names) for names in (asked_sets(schema.tiers) if asked is None else asked)]
    found = [_of_step(logged, schema, sets) for logged in steps]
    place = {name: at for at, name in enumerate(schema.tiers)}
    step = np.array([at for at, rows in enumerate(found) for _ in rows], dtype=np.int64)
    flat = [row for rows in found for row in rows]
    tier = np.array([place[row.tier] for row in flat], dtype=np.int64)
    in_set = np.array([row.asked for row in flat], dtype=np.int64)
    evidence = np.array([row.evidence for row in flat], dtype=np.float32).reshape(len(flat), len(EVIDENCE_NAMES))
    said = None if p_step is None else p_step[step]
    rows = schema.rows(evidence, tier, 1, step_columns[step], said)
    rows[:, schema.names.index("n_asked")] = [len(sets[at]) for at in in_set]
    counts = np.bincount(step, minlength=len(steps)).clip(min=1)
    answer, top = (np.array([getattr(row, name) for row in flat], dtype=np.float64) for name in ("answer", "top"))
    return AcceptanceTable(rows, step, tier, in_set, answer, top, 1.0 / counts[step])


def with_missing(table: AcceptanceTable) -> AcceptanceTable:
    """The table, then every row that has log-probabilities or votes once more without them, at half the weight each.

    Trees that never saw a column missing read it as 0 where it is, and a log-probability of 0 is certainty.
    """
    alone = answers_alone(table.rows)
    again = np.flatnonzero((np.isnan(alone) & ~np.isnan(table.rows)).any(axis=1))
    if not len(again):
        return table
    weight = table.weight.copy()
    weight[again] /= 2
    places = np.concatenate([np.arange(len(table)), again])
    named = {name: getattr(table, name)[places] for name in AcceptanceTable.__slots__}
    return AcceptanceTable(**named | {"rows": np.concatenate([table.rows, alone[again]]), "weight": weight[places]})


@dataclass(frozen=True, slots=True)
class _Row:
    tier: str
    asked: int
    evidence: NDArray[np.float32]
    answer: float
    top: float


def _of_step(logged: LoggedStep, schema: AcceptanceSchema, sets: Sequence[tuple[str, ...]]) -> list[_Row]:
    attempts = _first_attempts(logged.attempts, schema.tiers)
    verdicts = _Verdicts(logged, attempts, schema)
    cheap = [name for name in schema.tiers[:-1] if name in attempts]
    answers = _with_votes(logged.attempts, attempts, cheap)
    read = StepEvidence(logged.step, answers)
    rows = []
    for at, names in enumerate(sets):
        if all(name in cheap for name in names):
            evidence = read.rows(names)
            tiers = [answer.tier for answer in answers if answer.tier in names]
            rows += [_Row(n, at, evidence[tiers.index(n)], verdicts.of(n), verdicts.of_top) for n in names]
    return rows


def _first_attempts(attempts: Sequence[Attempt], tiers: Sequence[str]) -> dict[str, Attempt]:
    """The first attempt on each tier whose answer was recorded."""
    found: dict[str, Attempt] = {}
    for attempt in attempts:
        if attempt.tier in tiers and attempt.tier not in found and Answer.of(attempt).is_known:
            found[attempt.tier] = attempt
    return found


def _with_votes(attempts: Sequence[Attempt], first: dict[str, Attempt], names: Sequence[str]) -> list[Answer]:
    """The answers of the asked tiers, the first of each in front of further ones of its model."""
    answers = []
    for name in names:
        more = [attempt for attempt in attempts if attempt.tier == name and attempt is not first[name]]
        answers += [Answer.of(first[name]), *(answer for a in more if (answer := Answer.of(a)).is_known)]
    return answers


class _Verdicts:
    """What came of a step's answers under the target, 1, 0 or NaN."""

    def __init__(self, logged: LoggedStep, attempts: dict[str, Attempt], schema: AcceptanceSchema) -> None:
        self._attempts = attempts
        self._is_same = schema.target == "same-answer"
        self._top = schema.tiers[-1]
        self._logged = logged
        self._question = Question(logged.step) if self._is_same else None

    def of(self, tier: str) -> float:
        if self._question is None:
            return _known(self._attempts[tier].success)
        if self._top not in self._attempts:
            return float("nan")
        keys = [Answer.of(self._attempts[name]).key(self._question) for name in (tier, self._top)]
        return float(same_answer(*keys) is True)  # what has no key counts as different

    @property
    def of_top(self) -> float:
        if self._is_same:
            return 1.0
        found = (a.success for a in self._logged.attempts if a.tier == self._top and a.success is not None)
        return _known(next(found, None))


def _known(success: bool | None) -> float:
    return float("nan") if success is None else float(success)
