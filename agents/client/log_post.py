"""The decision log of this process as the place that outcomes are delivered to."""

import json
import time
from typing import TYPE_CHECKING

from tierwise.agents.client.post import PostResult, Receipt
from tierwise.data.errors import LogError, RecordError

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog


class LogPost:
    """Writes decisions and outcomes to the log at ``log_url``. For one thread."""

    def __init__(self, log_url: str) -> None:
        self._log_url = log_url
        self._log: DecisionLog | None = None

    def post(self, lines: list[bytes]) -> PostResult:
        from tierwise.data.decision_log import parse_report  # SQLAlchemy is not in the base install

        try:
            reports = [parse_report(json.loads(line), time.time()) for line in lines]
            log = self._opened()
            log.record_decisions([report.decision for report in reports if report.decision is not None])
            log.record_outcomes([report.outcome for report in reports])
        except RecordError as error:
            return PostResult(Receipt.REFUSED, str(error))
        except LogError as error:
            return PostResult(Receipt.LATER, str(error))
        return PostResult(Receipt.TAKEN)

    def close(self) -> None:
        if self._log is not None:
            self._log.close()

    def _opened(self) -> "DecisionLog":
        if self._log is None:
            from tierwise.data.decision_log import DecisionLog

            self._log = DecisionLog.open(self._log_url)
        return self._log
