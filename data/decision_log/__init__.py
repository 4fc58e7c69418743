"""The decision log: what was decided and what came of it, on SQLite or PostgreSQL, read back as a step log.

Needs the ``serve`` or ``train`` extra; importing it without them raises ``MissingExtraError``. The database library is
loaded where ``DecisionLog`` is first named: a service listens before it has opened its log.
"""

from importlib.util import find_spec
from typing import TYPE_CHECKING

from tierwise.data.errors import MissingExtraError

for _package in ("sqlalchemy", "alembic"):
    if find_spec(_package) is None:
        raise MissingExtraError(_package, "serve")

from tierwise.data.decision_log.errors import LogRefusedError, LogUnavailableError  # noqa: E402
from tierwise.data.decision_log.records import (  # noqa: E402
    AuditEntry,
    DecisionRecord,
    DeletedCounts,
    ExperimentVersion,
    OutcomeCounts,
    OutcomeReceipt,
    StoredDecision,
    StoredOutcome,
    count_receipts,
)
from tierwise.data.decision_log.reports import Report, parse_report  # noqa: E402

if TYPE_CHECKING:
    from tierwise.data.decision_log.log import DecisionLog

__all__ = [
    "AuditEntry",
    "DecisionLog",
    "DecisionRecord",
    "DeletedCounts",
    "ExperimentVersion",
    "LogRefusedError",
    "LogUnavailableError",
    "OutcomeCounts",
    "OutcomeReceipt",
    "Report",
    "StoredDecision",
    "StoredOutcome",
    "count_receipts",
    "parse_report",
]


def __getattr__(name: str) -> object:
    if name != "DecisionLog":
        raise AttributeError(f"module 'tierwise.data.decision_log' has no attribute '{name}'")
    from tierwise.data.decision_log.log import DecisionLog

    globals()[name] = DecisionLog
    return DecisionLog
