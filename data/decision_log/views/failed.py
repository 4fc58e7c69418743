"""The newest tasks with a failed step, told from rolled half-hours: looking through the log itself takes long where
failures are rare."""

import math
from dataclasses import dataclass

from sqlalchemy import Connection, Integer, cast, func, select, text, union_all

from tierwise.data.decision_log.half_hours.coverage import Coverage
from tierwise.data.decision_log.half_hours.tables import HAS_FAILED, SLOT_SECONDS, SLOT_TASKS
from tierwise.data.decision_log.views.settled import FAILED, settled


@dataclass(frozen=True, slots=True)
class FailedTasks:
    """Task ids, and ids of decisions without task, whose first failed step was made from ``since`` on."""

    tasks: tuple[str, ...]
    decisions: tuple[str, ...]
    since: float


def failed_tasks(connection: Connection, cover: Coverage, n_wanted: int) -> FailedTasks | None:
    """The newest ``n_wanted`` by their first failed step, or somewhat more; None where half-hours do not tell."""
    if not cover.rolled:
        return None
    c = SLOT_TASKS.c
    parts = [select(c.cluster, c.task, c.slot).where(cover.of(SLOT_TASKS), text(HAS_FAILED))]
    for plain in cover.plain:
        rows = settled(connection, plain.with_result(FAILED), "created_at", "task_id").c
        cluster = func.coalesce(rows.task_id, rows.decision_id).label("cluster")
        slot = cast(func.floor(rows.created_at / SLOT_SECONDS), Integer).label("slot")
        parts.append(select(cluster, rows.task_id.label("task"), slot))
    each = union_all(*parts).subquery("each")
    first = func.min(each.c.slot)
    query = select(each.c.cluster, func.max(each.c.task), first).group_by(each.c.cluster).order_by(first.desc())
    found = connection.execute(query.limit(2 * n_wanted)).all()
    least = found[n_wanted - 1][2] if len(found) >= n_wanted else None
    if least is not None and len(found) == 2 * n_wanted and found[-1][2] == least:
        return None  # more of one half-hour than can be named
    newest = [row for row in found if least is None or row[2] >= least]
    tasks = tuple(task for _, task, _ in newest if task is not None)
    decisions = tuple(cluster for cluster, task, _ in newest if task is None)
    since = float(newest[-1][2] * SLOT_SECONDS) if newest else math.inf
    return FailedTasks(tasks, decisions, since)
