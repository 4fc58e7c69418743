"""How long a caller waits for each way of ``--sample-answers``: cheap tiers' times as logged, the top tier's assumed.

The times are those of the sample log itself; attempts made again ran on a machine that did other work. The top tier
never ran: a call of it is assumed to take ``ASSUMED`` times what one of mid's logged calls took, drawn for each step.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.decisions.cascading.cascades import EQUAL, LEARNED, LEARNED_ONE, SINGLE
from benchmarks.decisions.cascading.families import Used
from benchmarks.decisions.logs import SAMPLE_LOG
from tierwise.agents.collect.joining import read_log
from tierwise.data.records import LoggedStep
from tierwise.training.accepting.plain_courses import Plays

Floats = NDArray[np.float64]
ASSUMED = (1.0, 2.0, 4.0)
CHEAP = ("small", "mid")
ALWAYS_TOP, ONE_BY_ONE = "always the top tier", "one after the other"
_ASKED_FIRST: dict[str, tuple[int, ...]] = {SINGLE: (), LEARNED_ONE: (1,), LEARNED: (0, 1), EQUAL: (0, 1)}
_CASCADES = {"mid → frontier": (1, 2), "small → mid → frontier": (0, 1, 2)}
_SEED = 0


def sample_times(steps: Sequence[LoggedStep], assumed: float) -> Floats:
    """Milliseconds of one call on small, mid and the top tier, float64 [n, 3]; of the top tier ``assumed`` times one of
    mid's that is drawn, the same at every call."""
    logged = {
        record["step_id"]: {each["tier"]: each.get("latency_ms") for each in record["attempts"]}
        for record in read_log(SAMPLE_LOG)
    }
    cheap = np.array([[logged[one.step_id][tier] for tier in CHEAP] for one in steps], dtype=np.float64)
    top = assumed * np.random.default_rng(_SEED).choice(cheap[:, 1], len(steps))
    return np.column_stack([cheap, top])


def time_rows(
    steps: Sequence[LoggedStep],
    success: Floats,
    found: Sequence[Mapping[str, Sequence[Used]]],
    max_losses: Sequence[float],
) -> list[dict[str, Any]]:
    """Rows of :func:`waited` for every way and promise, steps of all ``found`` seeds together; ``success`` float64
    [n, 3]. Ways that nothing is asked for stand once, without a promise."""
    times = {assumed: sample_times(steps, assumed) for assumed in ASSUMED}
    top = np.full(len(steps), success.shape[1] - 1, dtype=np.int64)
    rows = [_row(ALWAYS_TOP, None, [Plays.of(top, (), success.shape[1])], times)]
    for name, tiers in _CASCADES.items():
        rows.append(_row(f"{name}, a verifier that misses nothing", None, [cascade(success, tiers)], times, True))
    for name in (SINGLE, LEARNED_ONE, LEARNED, EQUAL):
        for at, max_loss in enumerate(max_losses):
            if name == EQUAL and at:
                continue
            promise = None if name == EQUAL else max_loss
            plays = [played(seed[name][at], _ASKED_FIRST[name], success.shape[1]) for seed in found]
            is_two = len(_ASKED_FIRST[name]) > 1
            rows.append(_row(f"{name}, side by side" if is_two else name, promise, plays, times))
            if is_two:
                rows.append(_row(f"{name}, {ONE_BY_ONE}", promise, plays, times, True))
    return rows


def played(used: Used, first: Sequence[int], n_tiers: int) -> Plays:
    """The calls of a way that asks ``first`` before the top tier; a part without a setting goes straight to the top."""
    plays = Plays.of(used.final, first, n_tiers)
    is_straight = (used.final == n_tiers - 1) & (used.cost <= 1.0)
    plays.asked[is_straight, : n_tiers - 1] = False
    return plays


def cascade(success: Floats, tiers: Sequence[int]) -> Plays:
    """Each of ``tiers`` in turn until one succeeds; the last one whatever comes of it."""
    ended = success[:, list(tiers)] == 1
    ended[:, -1] = True
    last = np.argmax(ended, axis=1)
    asked = np.zeros(success.shape, dtype=np.bool_)
    for place, tier in enumerate(tiers):
        asked[:, tier] = place <= last
    return Plays(np.array(tiers, dtype=np.int64)[last], asked)


def _row(
    name: str, max_loss: float | None, plays: Sequence[Plays], times: Mapping[float, Floats], is_in_turn: bool = False
) -> dict[str, Any]:
    """``waited``: p50 and p95 in milliseconds for each assumption about the top tier."""
    n_tiers = plays[0].asked.shape[1]
    waited = {}
    for assumed, latency in times.items():
        all_ms = np.concatenate([each.cost(latency) if is_in_turn else each.waited(latency) for each in plays])
        p50_ms, p95_ms = np.quantile(all_ms, (0.5, 0.95)).tolist()
        waited[f"{assumed:g}"] = {"p50_ms": p50_ms, "p95_ms": p95_ms}
    at_top = float(np.mean([each.final == n_tiers - 1 for each in plays]))
    return {"way": name, "max_loss": max_loss, "at_top": at_top, "waited": waited}
