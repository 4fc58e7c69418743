"""Tasks: which there are, what one consists of, and where the failures of many began."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Subquery, case, func, select

from tierwise.data.decision_log.half_hours.coverage import Coverage, coverage
from tierwise.data.decision_log.reading.within import belong_together, outcomes_of
from tierwise.data.decision_log.records import StoredDecision
from tierwise.data.decision_log.rows import decision_record, stored_outcome
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.texts import storable_key
from tierwise.data.decision_log.views.failed import FailedTasks, failed_tasks
from tierwise.data.decision_log.views.search import FIRST_LOOK, windows
from tierwise.data.decision_log.views.settled import FAILED, Wanted, settled
from tierwise.data.decision_log.views.task_sums import n_tasks

PAGE_TASKS = 25
MAX_STEPS = 500
MAX_FAILURES = 5_000
MAX_NAMED_TASKS = 5_000
MAX_FAILED_TASKS = 20_000

_D = DECISIONS.c


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in a list. A step failed when an attempt failed and none succeeded."""

    task_id: str
    started_at: float
    ended_at: float
    n_steps: int
    n_attempts: int
    n_failed: int
    n_unknown: int
    spent_usd: float | None


@dataclass(frozen=True, slots=True)
class FailedStep:
    """The first failed step of a task, with what was reported about its last failed attempt."""

    decision_id: str
    task_id: str | None
    agent: str | None
    node: str | None
    role: str | None
    task_type: str | None
    tier: str
    last_tier: str
    evaluator: str | None
    error: str | None
    failure_origin: str | None


def find_tasks(connection: Connection, wanted: Wanted, page: int, only_failed: bool) -> list[TaskRow]:
    """Page ``page`` (from 0) of the tasks with wanted steps, newest first, and one more where there is another page."""
    found: list[TaskRow] = []
    n_first = ((page + 1) * PAGE_TASKS + 1) * FIRST_LOOK
    for window in windows(connection, wanted, n_first):  # a task with no step in the window is older than all with one
        named = select(_D.task_id).where(*window.conditions(), _D.task_id.is_not(None)).distinct()
        names = connection.scalars(named.limit(MAX_NAMED_TASKS + 1)).all()
        if window == wanted or len(names) > MAX_NAMED_TASKS:
            rows = settled(connection, wanted, "created_at", "task_id")
        else:
            rows = settled(connection, _span(connection, wanted, names), "created_at", "task_id", of_tasks=names)
        query = _task_rows(rows, only_failed)
        found = [TaskRow(*row) for row in connection.execute(query.limit(PAGE_TASKS + 1).offset(page * PAGE_TASKS))]
        if len(found) > PAGE_TASKS:
            break
    return found


def _span(connection: Connection, wanted: Wanted, names: Sequence[str]) -> Wanted:
    """The same from the first wanted step of these tasks on: the database then need not look through the rest."""
    # The sum keeps PostgreSQL from looking for the least along the whole index on the moment.
    first = select(func.min(_D.created_at + 0.0)).where(*wanted.conditions(), _D.task_id.in_(names))
    return wanted.starting(float(connection.execute(first).scalar() or wanted.since))


def _task_rows(rows: Subquery, only_failed: bool) -> Select[Any]:
    n_failed = func.sum(case((rows.c.success == 0, 1), else_=0))
    query = (
        select(
            rows.c.task_id,
            func.min(rows.c.created_at),
            func.max(rows.c.created_at),
            func.count(),
            func.sum(rows.c.n_attempts),
            n_failed,
            func.sum(case((rows.c.success.is_(None), 1), else_=0)),
            func.sum(rows.c.spent_usd),
        )
        .where(rows.c.task_id.is_not(None))
        .group_by(rows.c.task_id)
        .order_by(func.max(rows.c.created_at).desc(), rows.c.task_id)
    )
    return query.having(n_failed > 0) if only_failed else query


def read_task(connection: Connection, task_id: str) -> list[StoredDecision]:
    """The decisions of a task with their outcomes, in the order in which they were made; at most ``MAX_STEPS``."""
    query = select(DECISIONS).where(_D.task_id == storable_key(task_id)).order_by(_D.created_at, _D.seq)
    rows = connection.execute(query.limit(MAX_STEPS)).all()
    outcomes: dict[str, list[Row[Any]]] = {row.decision_id: [] for row in rows}
    times = [row.created_at for row in rows]
    found = select(OUTCOMES).where(*outcomes_of(connection, outcomes, times)).order_by(OUTCOMES.c.seq)
    for outcome in connection.execute(found):
        outcomes[outcome.decision_id].append(outcome)
    return [
        StoredDecision(decision_record(row), tuple(stored_outcome(each) for each in outcomes[row.decision_id]))
        for row in rows
    ]


def first_failures(connection: Connection, wanted: Wanted) -> list[FailedStep]:
    """Of each task that has a failed step the first one, newest tasks first, at most ``MAX_FAILURES``."""
    cover = coverage(connection, wanted) if wanted.is_everything else Coverage((), (wanted,))
    failed = failed_tasks(connection, cover, MAX_FAILURES)
    if failed is not None:
        if not failed.tasks and not failed.decisions:
            return []
        return _first_failures(connection, wanted.starting(failed.since), (), failed)
    found: list[FailedStep] = []
    for window in windows(connection, wanted, 4 * MAX_FAILURES):
        begun_before = _failed_before(connection, wanted, window)
        if begun_before is None:
            return _first_failures(connection, wanted, ())
        found = _first_failures(connection, window, begun_before)
        if len(found) == MAX_FAILURES:
            break
    return found


def _failed_before(connection: Connection, wanted: Wanted, window: Wanted) -> Sequence[str] | None:
    """The tasks with failed steps in the window whose first one came before it; None where that is hard to tell."""
    if window == wanted:
        return ()
    rows = settled(connection, window.with_result(FAILED), "task_id")
    named = select(rows.c.task_id).where(rows.c.task_id.is_not(None)).distinct().limit(MAX_FAILED_TASKS + 1)
    names = connection.scalars(named).all()
    if len(names) > MAX_FAILED_TASKS:
        return None
    before = replace(_span(connection, wanted, names), until=window.since, result=FAILED)
    earlier = settled(connection, before, "task_id", of_tasks=names)
    return connection.scalars(select(earlier.c.task_id).distinct()).all()


def _first_failures(
    connection: Connection, wanted: Wanted, but_of: Sequence[str], failed: FailedTasks | None = None
) -> list[FailedStep]:
    columns = ("created_at", "task_id", "agent", "node", "role", "task_type", "tier")
    within = (None, None) if failed is None else (failed.tasks, failed.decisions)
    rows = settled(connection, wanted.with_result(FAILED), *columns, of_tasks=within[0], or_decisions=within[1])
    task = func.coalesce(rows.c.task_id, rows.c.decision_id)
    position = func.row_number().over(partition_by=task, order_by=(rows.c.created_at, rows.c.decision_id))
    ranked = select(rows, position.label("position")).where(task.not_in(but_of)).subquery("ranked")
    firsts = select(ranked).where(ranked.c.position == 1).order_by(ranked.c.created_at.desc()).limit(MAX_FAILURES)
    first = firsts.subquery("firsts")
    bad = OUTCOMES.alias("failed")
    last_failed = (
        select(func.max(bad.c.seq))
        .where(belong_together(connection, wanted.since, wanted.until, first, bad), bad.c.success.is_(False))
        .correlate(first)
        .scalar_subquery()
    )
    on = belong_together(connection, wanted.since, wanted.until, first)
    query = select(
        *(first.c[name] for name in ("decision_id", "task_id", "agent", "node", "role", "task_type", "tier")),
        OUTCOMES.c.tier.label("last_tier"),
        *(_text_of_attempt(name).label(name) for name in ("evaluator", "error", "failure_origin")),
    ).select_from(first.join(OUTCOMES, on & (OUTCOMES.c.seq == last_failed)))
    return [FailedStep(**row._mapping) for row in connection.execute(query)]


def count_tasks(connection: Connection, wanted: Wanted) -> int:
    """How many tasks have a wanted step."""
    return n_tasks(connection, coverage(connection, wanted) if wanted.is_everything else Coverage((), (wanted,)))


def _text_of_attempt(name: str) -> ColumnElement[str]:
    return OUTCOMES.c.attempt[name].as_string()  # type: ignore[no-any-return]
