"""Audited answers: do more of the accepted answers differ from the top tier's than may?

Each audit is a bet against "at most the share ``max_different`` differs". While that holds the wealth is a
supermartingale, so the alarm is false with probability ``1 - confidence`` at most, however often one looks. What is
bounded is the share among audited answers: audits must be drawn by chances that do not look at the answers.
"""

from dataclasses import dataclass

import numpy as np

from tierwise.router_model.monitor.wealth import running_log_wealth

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class AuditState:
    """``broken_after`` is the number of audits after which the alarm was raised, None while it was not."""

    max_different: float
    confidence: float
    n_audits: int
    n_different: int
    broken_after: int | None

    @property
    def is_broken(self) -> bool:
        return self.broken_after is not None


class AuditMonitor:
    """Takes audits as they come; once raised, the alarm stands. ``max_different`` lies above 0 and below 1."""

    def __init__(self, max_different: float, confidence: float = CONFIDENCE) -> None:
        self._max_different = max_different
        self._confidence = confidence
        self._terms: list[float] = []
        self._n_different = 0
        self._broken_after: int | None = None

    def add(self, is_different: bool) -> AuditState:
        """One audit more. An answer that cannot be compared counts as different."""
        self._terms.append(float(is_different) - self._max_different)
        self._n_different += is_different
        if self._broken_after is None and is_different:  # wealth grows on differences alone
            terms = np.array(self._terms)
            wealth = running_log_wealth(terms, np.full(len(terms), self._max_different))
            if wealth[-1] >= -np.log1p(-self._confidence):
                self._broken_after = len(terms)
        return self.state()

    def state(self) -> AuditState:
        return AuditState(
            self._max_different, self._confidence, len(self._terms), self._n_different, self._broken_after
        )
