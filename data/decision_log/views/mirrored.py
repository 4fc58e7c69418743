"""What mirroring cost."""

from sqlalchemy import Connection, func, select

from tierwise.data.decision_log.tables import OUTCOMES
from tierwise.data.mirrored import MIRROR_KEY


def mirrored_usd(connection: Connection, since: float) -> float:
    """US dollars for mirrored attempts received from ``since`` on, seconds since the epoch."""
    is_mirror = OUTCOMES.c.idempotency_key.startswith(MIRROR_KEY, autoescape=True)
    total = select(func.sum(OUTCOMES.c.cost_usd)).where(is_mirror, OUTCOMES.c.received_at >= since)
    return float(connection.scalar(total) or 0.0)
