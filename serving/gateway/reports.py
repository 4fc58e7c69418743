"""Outcomes on their way to the recorder: nobody waits for them; they share commits and wait while the database is away.

The tally knows of each until it is stored or counted as lost, so that the next process counts those of a kill."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future

from tierwise.data.decision_log import LogUnavailableError, OutcomeReceipt, count_receipts
from tierwise.data.records import Outcome
from tierwise.serving.deciding.recalling import Recall
from tierwise.serving.recording.recorder import Recorder
from tierwise.serving.watching.metrics import Metrics

RETRY_SECONDS = 1.0


class Reports:
    """Reports outcomes until they are stored. At most ``limit`` wait for the database; what does not fit, and what is
    left at the end, is counted as lost. ``tiers`` gives the tiers that metrics may name; ``recall`` remembers what came
    of steps."""

    def __init__(
        self,
        recorder: Recorder,
        metrics: Metrics,
        tiers: Callable[[], tuple[str, ...]],
        limit: int,
        recall: Recall,
    ) -> None:
        self._recorder = recorder
        self._metrics = metrics
        self._tiers = tiers
        self._limit = limit
        self._recall = recall
        self._waiting: dict[int, Outcome] = {}
        self._is_closed = False

    def add(self, outcome: Outcome) -> None:
        """Hands an outcome to the recorder's thread. Called on the event loop."""
        tally = self._recorder.tally
        if tally is not None:
            tally.take_outcome()
        self._recall.note_outcome(outcome, self._tiers())
        self._hand_over(outcome)

    def _hand_over(self, outcome: Outcome) -> None:
        loop = asyncio.get_running_loop()
        promise = self._recorder.report((outcome,), is_awaited=False)
        promise.add_done_callback(lambda done: self._settle(outcome, done, loop))

    def close(self) -> None:
        """Nothing waits any longer."""
        self._is_closed = True
        self._lose(len(self._waiting))
        self._waiting.clear()

    def _settle(
        self, outcome: Outcome, done: "Future[tuple[OutcomeReceipt, ...]]", loop: asyncio.AbstractEventLoop
    ) -> None:
        """On the recorder's thread: counts what is stored, and keeps what the database could not take."""
        error = done.exception()
        if error is None:
            self._forget(1)
            self._metrics.note_outcomes(count_receipts(done.result()))
            self._metrics.note_attempt(outcome.attempt, self._tiers())
            return
        has_room = len(self._waiting) < self._limit and not self._is_closed
        if not (isinstance(error, LogUnavailableError) and has_room):
            self._lose(1)
            return
        self._waiting[id(outcome)] = outcome
        loop.call_soon_threadsafe(loop.call_later, RETRY_SECONDS, self._again, id(outcome))

    def _again(self, key: int) -> None:
        outcome = self._waiting.pop(key, None)
        if outcome is not None:
            self._hand_over(outcome)

    def _lose(self, n_outcomes: int) -> None:
        self._metrics.lost_gateway_outcomes.inc(n_outcomes)
        self._forget(n_outcomes)

    def _forget(self, n_outcomes: int) -> None:
        """They are stored, or counted as lost."""
        tally = self._recorder.tally
        if tally is not None:
            tally.settle_outcomes(n_outcomes)
