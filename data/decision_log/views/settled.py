"""The rows that every view starts from: decisions of a period, each with what its outcomes come to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, case, func, or_, select

from tierwise.data.decision_log.partitions import is_partitioned
from tierwise.data.decision_log.reading.within import belong_together
from tierwise.data.decision_log.tables import DECISIONS, OUTCOMES
from tierwise.data.decision_log.texts import storable, storable_key

SUCCEEDED, FAILED, UNKNOWN = "succeeded", "failed", "unknown"

_D = DECISIONS.c
_VERDICT = case((OUTCOMES.c.success.is_(True), 1), (OUTCOMES.c.success.is_(False), 0))
_FILTERS = ("tier", "arm", "router_version", "reason_code", "task_type", "agent", "node")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which decisions: made from ``since`` to before ``until`` (seconds since the epoch), and equal to what is given.

    ``text`` is looked for in the ids of decision, step, task and session (from their start) and in the names of
    agent, node and task type; ``result`` is one of succeeded, failed and unknown.
    """

    since: float
    until: float
    tier: str | None = None
    arm: str | None = None
    experiment: str | None = None
    router_version: str | None = None
    reason_code: str | None = None
    task_type: str | None = None
    agent: str | None = None
    node: str | None = None
    result: str | None = None
    text: str | None = None

    @property
    def is_everything(self) -> bool:
        """Whether all decisions of the period are wanted."""
        return self == Wanted(self.since, self.until)

    def starting(self, since: float) -> "Wanted":
        """The same, but not before ``since``."""
        return replace(self, since=max(self.since, since))

    def with_result(self, result: str | None) -> "Wanted":
        return replace(self, result=result)

    def conditions(self) -> list[ColumnElement[bool]]:
        """Everything but ``result``, which only the outcomes tell."""
        found = [_D.created_at >= self.since, _D.created_at < self.until]
        found += [_D[name] == storable(value) for name in _FILTERS if (value := getattr(self, name)) is not None]
        if (
            self.experiment is not None
        ):  # wrapped, so that SQLite does not leave its covering index for the column's own
            found.append(func.coalesce(_D.experiment, "") == storable(self.experiment))
        if self.text:
            start = storable_key(self.text)
            ids = (_D.decision_id, _D.step_id, _D.task_id, _D.session_id)
            names = (_D.agent, _D.node, _D.task_type)
            matches = [column.startswith(start, autoescape=True) for column in ids]
            found.append(or_(*matches, *(column.icontains(start, autoescape=True) for column in names)))
        return found


def settled(
    connection: Connection,
    wanted: Wanted,
    *columns: str,
    top_tier: str | None = None,
    of_tasks: Sequence[str] | None = None,
    or_decisions: Sequence[str] | None = None,
) -> Subquery:
    """One row a decision, with the plain ``columns`` asked for: what is not asked for costs nothing.

    ``success`` is 1 when an attempt succeeded, 0 when one failed and none succeeded, else NULL; ``chosen_success`` is
    the same of the attempts on the chosen tier alone, whatever escalation made of them. ``spent_usd`` and
    ``latency_ms`` add up the attempts that say what they cost and took, NULL where none does. With ``top_tier``,
    ``top_usd`` is what the step cost there, or else what the router expected; NULL where it expected nothing.
    ``of_tasks`` leaves out the decisions of other tasks than those of these task ids, but not ``or_decisions``.
    """
    query = select(*(_D[name] for name in ("decision_id", *columns)), *_settled_columns())
    if top_tier is not None:
        foreseen = expected(_D.expected_cost_usd, top_tier)
        top = case((foreseen.is_(None), None), (_D.tier == top_tier, func.sum(OUTCOMES.c.cost_usd)), else_=foreseen)
        query = query.add_columns(top.label("top_usd"))
    if of_tasks is not None:
        is_of_task = _D.task_id.in_(of_tasks)
        query = query.where(or_(is_of_task, _D.decision_id.in_(or_decisions)) if or_decisions else is_of_task)
    return _grouped(connection, query, wanted).subquery("settled")


def expected(document: ColumnElement[Any], tier: str) -> ColumnElement[float]:
    """What the router expected of ``tier``: the entry of a JSON column by tier, NULL where it has none."""
    return document[tier].as_float()  # type: ignore[no-any-return]


def _settled_columns() -> tuple[ColumnElement[Any], ...]:
    return (
        func.count(case((_is_mirror(), None), else_=OUTCOMES.c.seq)).label("n_attempts"),
        _success().label("success"),
        func.max(case((OUTCOMES.c.tier != _D.tier, None), else_=_VERDICT)).label("chosen_success"),
        func.sum(OUTCOMES.c.cost_usd).label("spent_usd"),
        func.sum(OUTCOMES.c.latency_ms).label("latency_ms"),
    )


def _is_mirror() -> ColumnElement[bool]:
    """An attempt on another tier that nobody waited for and nobody judged was made for comparison only.

    Its cost counts, it does not. That it is a mirror stands in the attempt itself, which views do not read.
    """
    return OUTCOMES.c.success.is_(None) & OUTCOMES.c.latency_ms.is_(None) & (OUTCOMES.c.tier != _D.tier)


def _success() -> ColumnElement[int]:
    return func.max(_VERDICT)


def _grouped(connection: Connection, query: Select[Any], wanted: Wanted) -> Select[Any]:
    """Groups by what is unique: SQLite then reads along its index without sorting, PostgreSQL wants the primary key."""
    on = belong_together(connection, wanted.since, wanted.until)
    query = query.select_from(DECISIONS.outerjoin(OUTCOMES, on)).where(*wanted.conditions())
    query = query.group_by(
        *((_D.seq, _D.created_at) if is_partitioned(connection) else (_D.created_at, _D.decision_id))
    )
    if wanted.result == UNKNOWN:
        return query.having(_success().is_(None))
    if wanted.result in (SUCCEEDED, FAILED):
        return query.having(_success() == (1 if wanted.result == SUCCEEDED else 0))
    return query
