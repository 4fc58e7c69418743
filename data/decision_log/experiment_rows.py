"""Experiments in the log: rows are only ever added, the last one of a name is how the experiment is now."""

from sqlalchemy import Connection, func, insert, select, text

from tierwise.data.decision_log.records import ExperimentVersion
from tierwise.data.decision_log.tables import EXPERIMENTS
from tierwise.data.experiments import Experiment, ExperimentError

_ADVISORY_LOCK = 7_403_115_288


def insert_experiment(connection: Connection, experiment: Experiment, now: float) -> None:
    """Adds a version, after checking it against its predecessor and against the other experiments."""
    experiment.check()
    if connection.dialect.name == "postgresql":  # SQLite's write lock keeps two starters apart by itself
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
    known = current_experiments(connection)
    before = next((each for each in known if each.name == experiment.name), None)
    if before is not None:
        before.check_successor(experiment)
    other = next((each for each in known if each.name != experiment.name and _is_open(each, now)), None)
    if other is not None and _is_open(experiment, now):
        raise ExperimentError(f"experiment '{other.name}' is not stopped; stop it before you start '{experiment.name}'")
    row = {"name": experiment.name, "recorded_at": now, "content": experiment.to_mapping()}
    connection.execute(insert(EXPERIMENTS).values(row))


def current_experiments(connection: Connection) -> tuple[Experiment, ...]:
    """The last version of every experiment, in the order in which they were first put."""
    ends = select(func.min(EXPERIMENTS.c.seq).label("first"), func.max(EXPERIMENTS.c.seq).label("last"))
    ends_by_name = ends.group_by(EXPERIMENTS.c.name).subquery()
    query = select(EXPERIMENTS.c.content).join(ends_by_name, EXPERIMENTS.c.seq == ends_by_name.c.last)
    return tuple(Experiment.from_mapping(raw) for raw in connection.scalars(query.order_by(ends_by_name.c.first)))


def experiment_versions(connection: Connection, name: str) -> tuple[ExperimentVersion, ...]:
    """Every version of ``name``, oldest first."""
    query = select(EXPERIMENTS.c.content, EXPERIMENTS.c.recorded_at).where(EXPERIMENTS.c.name == name)
    rows = connection.execute(query.order_by(EXPERIMENTS.c.seq))
    return tuple(ExperimentVersion(Experiment.from_mapping(row.content), row.recorded_at) for row in rows)


def _is_open(experiment: Experiment, now: float) -> bool:
    return experiment.stopped_at is None or now < experiment.stopped_at
