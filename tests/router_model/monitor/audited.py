"""Logs of courses whose accepted answers were audited: how often the top tier answered otherwise, by part."""

from collections.abc import Sequence

import numpy as np

from tierwise.data.records import Attempt, LoggedDecision, LoggedStep, Step

TIERS = ("small", "mid", "frontier")
COURSE = {"ask": ["small", "mid"], "accept": "learned", "otherwise": "frontier"}


def audited(number: int, is_same: bool | None, part: str | None = None, error: str | None = None) -> LoggedStep:
    """A step whose mid answer was accepted, and audited: ``is_same``, or ``error`` where the top tier gave none."""
    marks = {"mirror": True, "audit": True, "course": {"audit": True}, "is_same": is_same, "p_audit": 0.02}
    attempts = (
        Attempt("small", extra={"course": COURSE, "is_used": False}),
        Attempt("mid", extra={"course": COURSE, "is_used": True}),
        Attempt("frontier", error=error, extra=marks),
    )
    decision = LoggedDecision(f"d-{number}", "small", "learned", extra={"reason_code": "learned"})
    return LoggedStep(
        f"s-{number}", Step(task_type=part), attempts, f"t-{number}", timestamp=float(number), decision=decision
    )


def run(
    rng: np.random.Generator, stretches: Sequence[tuple[int, float]], parts: Sequence[str], first: int = 0
) -> list[LoggedStep]:
    """Stretches of so many audits at a share that differs, in parts drawn at random, numbered from ``first``."""
    shares = [share for n_audits, share in stretches for _ in range(n_audits)]
    return [
        audited(number, bool(rng.random() >= share), str(rng.choice(parts)))
        for number, share in enumerate(shares, first)
    ]
