"""What waits for the recorder: reports with the promise of their receipts, and how many bytes of memory they hold."""

from concurrent.futures import Future
from dataclasses import dataclass, field

from tierwise.data.decision_log import OutcomeReceipt
from tierwise.data.records import Outcome

Receipts = tuple[OutcomeReceipt, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """Outcomes of one request and the promise of their receipts."""

    outcomes: tuple[Outcome, ...]
    n_bytes: int
    receipts: "Future[Receipts]" = field(default_factory=Future)


class WaitingBytes:
    """What waits in a queue, of which one thread knows what came and another what went."""

    __slots__ = ("_n_entered", "_n_left")

    def __init__(self) -> None:
        self._n_entered = self._n_left = 0

    @property
    def waiting(self) -> int:
        return self._n_entered - self._n_left

    def enter(self, n_bytes: int) -> None:
        self._n_entered += n_bytes

    def leave(self, n_bytes: int) -> None:
        self._n_left += n_bytes


def answer(reports: list[Report], receipts: Receipts) -> None:
    """Hands each report its receipts; they stand in the order of the outcomes."""
    start = 0
    for report in reports:
        end = start + len(report.outcomes)
        report.receipts.set_result(receipts[start:end])
        start = end
