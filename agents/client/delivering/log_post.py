"""The decision log of this process as the place that outcomes are delivered to."""

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tierwise.agents.client.delivering.post import PostResult, Receipt
from tierwise.data.errors import LogError, RecordError
from tierwise.data.sensitive.redaction import Redaction, redact_attempt, redact_decision, redact_step

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog, DecisionRecord


class LogPost:
    """Writes decisions and outcomes to the log at ``log_url``, redacted as the service would. For one thread."""

    def __init__(self, log_url: str, redaction: Redaction = Redaction.REDACTED) -> None:
        self._log_url = log_url
        self._redaction = redaction
        self._log: DecisionLog | None = None

    def post(self, lines: list[bytes]) -> PostResult:
        from tierwise.data.decision_log import parse_report  # SQLAlchemy is not in the base install

        try:
            reports = [parse_report(json.loads(line), time.time()) for line in lines]
            log = self._opened()
            decisions = [report.decision for report in reports if report.decision is not None]
            log.record_decisions([self._kept(each) for each in decisions])
            log.record_outcomes(
                [
                    replace(each.outcome, attempt=redact_attempt(each.outcome.attempt, self._redaction))
                    for each in reports
                ]
            )
        except RecordError as error:
            return PostResult(Receipt.REFUSED, str(error))
        except LogError as error:
            return PostResult(Receipt.LATER, str(error))
        return PostResult(Receipt.TAKEN)

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _kept(self, record: "DecisionRecord") -> "DecisionRecord":
        step, decision = redact_step(record.step, self._redaction), redact_decision(record.decision, self._redaction)
        return replace(record, step=step, decision=decision)

    def _opened(self) -> "DecisionLog":
        if self._log is None:
            from tierwise.data.decision_log import DecisionLog

            self._log = DecisionLog.open(self._log_url)
        return self._log
