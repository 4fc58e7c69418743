"""The recorder: decisions and outcomes on their way to the decision log, on one thread off the request path.

Decisions wait in a bounded queue; what does not fit, and what is left when the service stops, is counted as dropped.
Outcomes are answered only after their commit; those that arrive while one commit runs share the next.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from tierwise.data.decision_log import DecisionRecord, LogUnavailableError
from tierwise.data.errors import TierwiseError
from tierwise.data.foreign.limits import MAX_WAITING_BYTES
from tierwise.data.foreign.weight import attempt_bytes, step_bytes
from tierwise.data.program.trouble import TroubleLog
from tierwise.data.records import Outcome
from tierwise.data.sensitive.redaction import Redaction, redact_attempt, redact_decision, redact_step
from tierwise.serving.recording.limits import RecorderLimits
from tierwise.serving.recording.losses import opened_tally
from tierwise.serving.recording.tally import Tally
from tierwise.serving.recording.waiting import Receipts, Report, WaitingBytes, answer
from tierwise.serving.watching.metrics import Metrics

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog

BATCH_ROWS = 500
RETRY_SECONDS = 0.5
REDACT_SECONDS = 0.1
"""Outcomes wait no longer than this for the redaction of decisions that came before them, and for one long step."""
_OPENING_SECONDS = 15.0
_LOGGER = logging.getLogger(__name__)


class Recorder:
    """Writes to the log that ``open_log`` opens; opening is tried again until it works."""

    def __init__(
        self, open_log: Callable[[], DecisionLog], redaction: Redaction, limits: RecorderLimits, metrics: Metrics
    ) -> None:
        self._open_log = open_log
        self._redaction = redaction
        self._limits = limits
        self._metrics = metrics
        self._log: DecisionLog | None = None
        self.tally: Tally | None = None
        self._decisions: deque[DecisionRecord] = deque()
        self._reports: deque[Report] = deque()
        self._bytes, self._report_bytes = WaitingBytes(), WaitingBytes()
        self._work, self._urgent, self._tried = threading.Event(), threading.Event(), threading.Event()
        self._trouble = TroubleLog(_LOGGER)
        self._is_up: bool | None = None
        self._deadline: float | None = None
        self._thread = threading.Thread(target=self._run, name="tierwise-recorder", daemon=True)

    @property
    def log(self) -> DecisionLog | None:
        """The open decision log, None until the database answered for the first time."""
        return self._log

    def awaited_log(self) -> DecisionLog | None:
        """The same, for a caller on a thread of its own, once the first try to open it has ended."""
        self._tried.wait(_OPENING_SECONDS)
        return self._log

    @property
    def queue_depth(self) -> int:
        return len(self._decisions)

    @property
    def is_up(self) -> bool | None:
        """Whether the last write worked; None before the first."""
        return self._is_up

    def start(self) -> None:
        self.tally = opened_tally(self._limits.state_folder, self._metrics)
        self._thread.start()

    def stop(self) -> None:
        """Writes what waits, for at most ``drain_seconds``; what is left then is counted and logged as dropped."""
        self._deadline = time.monotonic() + self._limits.drain_seconds
        self._urgent.set()
        self._work.set()
        self._thread.join()
        if self._log is not None:
            self._log.close()
        if self.tally is not None:
            self.tally.close()
            self.tally = None

    def record(self, decision: DecisionRecord) -> bool:
        """Queues a decision without waiting; False when the queue is full and the decision is dropped."""
        n_bytes = step_bytes(decision.step)
        if len(self._decisions) >= self._limits.queue_size or self._bytes.waiting + n_bytes > MAX_WAITING_BYTES:
            self._metrics.dropped_decisions.inc()
            return False
        self._bytes.enter(n_bytes)
        if self.tally is not None:
            self.tally.answer()
        self._decisions.append(decision)
        if not self._work.is_set():
            self._work.set()
        return True

    def report(self, outcomes: tuple[Outcome, ...], is_awaited: bool = True) -> Future[Receipts]:
        """The receipts of ``outcomes``, once they are durable. The future raises ``LogError`` when they are not.

        Those that are not ``is_awaited`` are written with the next batch, as decisions are.
        """
        report = Report(outcomes, sum(attempt_bytes(outcome.attempt) for outcome in outcomes))
        is_full = len(self._reports) >= self._limits.queue_size
        is_full = is_full or self._report_bytes.waiting + report.n_bytes > MAX_WAITING_BYTES
        if is_full or self._deadline is not None:
            report.receipts.set_exception(LogUnavailableError("too many outcomes wait for the decision log"))
            return report.receipts
        self._report_bytes.enter(report.n_bytes)
        self._reports.append(report)
        if is_awaited:
            self._urgent.set()
        self._work.set()
        return report.receipts

    def _run(self) -> None:
        while True:
            self._await_work()
            self._work.clear()
            self._urgent.clear()
            self._write_all()
            self._metrics.queue_depth.set(len(self._decisions))
            if self._deadline is not None:
                self._give_up()
                return

    def _await_work(self) -> None:
        """Returns when something waits to be written; until then opens the log, so that it can be read."""
        while self._log is None and not self._work.wait(0):
            try:
                self._opened()
            except LogUnavailableError as error:
                self._note_trouble(error)
                self._work.wait(RETRY_SECONDS)
        self._work.wait()
        self._urgent.wait(self._limits.flush_seconds)

    def _write_all(self) -> None:
        """Writes both queues in turns: decisions first, so that an outcome finds its own; outcomes never wait long.

        What comes meanwhile waits for the next batch, unless somebody waits for it: one row costs as much as ten.
        """
        n_due, is_due = len(self._decisions), True
        while is_due and (self._decisions or self._reports) and not self._is_late():
            try:
                n_due -= self._write_decisions()
                self._write_reports()
                is_due = n_due > 0 or len(self._reports) >= BATCH_ROWS or self._urgent.is_set()
            except LogUnavailableError as error:
                self._note_trouble(error)
                if not self._is_late():
                    time.sleep(RETRY_SECONDS)
        if self._decisions or self._reports:
            self._work.set()

    def _write_decisions(self) -> int:
        """Writes a batch, and returns how many decisions left the queue."""
        n_taken, batch = self._redacted_batch()
        if n_taken:
            self._store_decisions(batch)
            self._forget(n_taken)
            self._note_success()
        return n_taken

    def _redacted_batch(self) -> tuple[int, list[DecisionRecord]]:
        """How many decisions were taken, and what of them may be stored: as many as ``REDACT_SECONDS`` allow."""
        batch: list[DecisionRecord] = []
        ends_at, n_taken = time.monotonic() + REDACT_SECONDS, 0
        for i in range(min(BATCH_ROWS, len(self._decisions))):
            n_taken += 1
            try:
                batch.append(self._redacted_decision(self._decisions[i]))
            except Exception as error:  # what cannot be redacted is not stored
                self._metrics.dropped_decisions.inc()
                self._trouble.tell("a decision was dropped", error)
            if time.monotonic() > ends_at:
                break
        return n_taken, batch

    def _forget(self, n_decisions: int) -> None:
        """Takes decisions that are stored or counted as dropped from the queue."""
        for _ in range(n_decisions):
            self._bytes.leave(step_bytes(self._decisions.popleft().step))
        if self.tally is not None:
            self.tally.settle(n_decisions)

    def _store_decisions(self, batch: list[DecisionRecord]) -> None:
        """Stores a batch; when the database refuses it, stores what it accepts one by one."""
        try:
            self._metrics.recorded_decisions.inc(self._opened().record_decisions(batch))
        except LogUnavailableError:
            raise
        except Exception as error:  # one record that cannot be written must not stop the others
            if len(batch) > 1:
                for record in batch:
                    self._store_decisions([record])
                return
            self._metrics.dropped_decisions.inc()
            self._trouble.tell("a decision was dropped", error)

    def _write_reports(self) -> None:
        reports: list[Report] = []
        n_outcomes = 0
        while self._reports and n_outcomes < BATCH_ROWS:
            report = self._next_report()
            if report.receipts.set_running_or_notify_cancel():
                reports.append(report)
                n_outcomes += len(report.outcomes)
        if reports:
            self._store_reports(reports)

    def _next_report(self) -> Report:
        report = self._reports.popleft()
        self._report_bytes.leave(report.n_bytes)
        return report

    def _store_reports(self, reports: list[Report]) -> None:
        try:
            outcomes = [self._redacted(outcome) for report in reports for outcome in report.outcomes]
            receipts = self._opened().record_outcomes(outcomes)
        except LogUnavailableError as error:
            for report in reports:
                report.receipts.set_exception(error)
            raise
        except Exception as error:  # one report that cannot be written must not stop the others
            if len(reports) > 1:
                for report in reports:
                    self._store_reports([report])
                return
            self._trouble.tell("a report of outcomes was refused", error)
            reports[0].receipts.set_exception(error)
        else:
            self._note_success()
            answer(reports, receipts)

    def _redacted_decision(self, record: DecisionRecord) -> DecisionRecord:
        step, decision = redact_step(record.step, self._redaction), redact_decision(record.decision, self._redaction)
        return replace(record, step=step, decision=decision)

    def _redacted(self, outcome: Outcome) -> Outcome:
        return replace(outcome, attempt=redact_attempt(outcome.attempt, self._redaction))

    def _opened(self) -> DecisionLog:
        if self._log is None:
            try:
                self._log = self._open_log()
            except LogUnavailableError:
                raise
            except (TierwiseError, OSError) as error:  # a full or read-only disk, a database of a newer version
                raise LogUnavailableError(str(error)) from None
            finally:
                self._tried.set()
        return self._log

    def _note_success(self) -> None:
        if not self._is_up:
            self._metrics.is_log_up.set(1)
            _LOGGER.info("the decision log is reachable")
        self._is_up = True

    def _note_trouble(self, error: LogUnavailableError) -> None:
        """Outcomes that wait are refused at once: their callers must know. Decisions go on waiting."""
        self._metrics.is_log_up.set(0)
        self._metrics.log_errors.inc()
        if self._is_up is not False:
            _LOGGER.error("the decision log is away: %s", error)
        self._is_up = False
        while self._reports:
            report = self._next_report()
            if report.receipts.set_running_or_notify_cancel():
                report.receipts.set_exception(error)

    def _is_late(self) -> bool:
        return self._deadline is not None and time.monotonic() > self._deadline

    def _give_up(self) -> None:
        while self._reports:
            report = self._next_report()
            if report.receipts.set_running_or_notify_cancel():
                report.receipts.set_exception(LogUnavailableError("the service stops"))
        n_left = len(self._decisions)
        if n_left:
            self._metrics.dropped_decisions.inc(n_left)
            self._forget(n_left)
            _LOGGER.error("%d decisions were dropped: the decision log could not be reached", n_left)
