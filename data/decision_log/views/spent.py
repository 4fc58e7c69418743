"""What was spent since a moment."""

from sqlalchemy import Connection, func, select

from tierwise.data.decision_log.tables import OUTCOMES


def spent_usd(connection: Connection, since: float) -> float:
    """US dollars of all attempts received from ``since`` on, seconds since the epoch; mirrored ones too."""
    total = select(func.sum(OUTCOMES.c.cost_usd)).where(OUTCOMES.c.received_at >= since)
    return float(connection.scalar(total) or 0.0)
