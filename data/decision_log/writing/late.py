"""Decisions that came too late: the service took one, but its caller had given up waiting and decided itself.

Both carry the name that the caller gave, which is known by its start. What the caller did is what can be learned from,
so its decision replaces the service's, and no decision stays behind that nobody acted on. A decision that the service
named itself is never replaced.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from tierwise.data.decision_log.deletions import delete_decisions
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.records import CALLERS_ARM, CALLERS_PREFIX


def without_late_ones(connection: Connection, rows: Sequence[dict[str, Any]], now: float) -> list[dict[str, Any]]:
    """``rows`` without those that a caller's own decision replaces; such rows in the log are removed too."""
    callers = {row["decision_id"] for row in rows if _is_callers(row)}
    if not callers:
        return list(rows)
    is_late = DECISIONS.c.decision_id.in_(callers) & (DECISIONS.c.arm != CALLERS_ARM)
    delete_decisions(connection, is_late, now)
    return [row for row in rows if row["arm"] == CALLERS_ARM or row["decision_id"] not in callers]


def _is_callers(row: dict[str, Any]) -> bool:
    return bool(row["arm"] == CALLERS_ARM and row["decision_id"].startswith(CALLERS_PREFIX))
