"""The decision log itself: one object, safe to share between threads and open in many processes."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Engine, func, select
from sqlalchemy.exc import OperationalError

from tierwise.data.decision_log.audit_rows import audit_entries, insert_audit
from tierwise.data.decision_log.deletions import delete_before, delete_decisions
from tierwise.data.decision_log.engine import (
    DEFAULT_CONNECTIONS,
    DEFAULT_TIMEOUT_SECONDS,
    check_file,
    empty_write_ahead_log,
    open_engine,
    parse_url,
    writing,
)
from tierwise.data.decision_log.errors import database_errors, lost_a_deadlock
from tierwise.data.decision_log.experiment_rows import current_experiments, experiment_versions, insert_experiment
from tierwise.data.decision_log.half_hours.rolling import roll_up
from tierwise.data.decision_log.partitions import WeekKeeper
from tierwise.data.decision_log.reading.lookups import count_orphans, find_decision
from tierwise.data.decision_log.reading.stream import stream_steps
from tierwise.data.decision_log.records import (
    AuditEntry,
    DecisionRecord,
    DeletedCounts,
    ExperimentVersion,
    OutcomeReceipt,
    StoredDecision,
)
from tierwise.data.decision_log.schema import upgrade_schema
from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.texts import storable_key
from tierwise.data.decision_log.writing.insert import insert_decisions, insert_outcomes
from tierwise.data.experiments import Experiment
from tierwise.data.records import LoggedStep, Outcome

_T = TypeVar("_T")
_MAX_DEADLOCKS = 3


class DecisionLog:
    """Decisions and outcomes in a database. Outcomes are only ever added; deletion is by task, session or age.

    Every method raises ``LogUnavailableError`` when the database is away, locked or full, and ``LogRefusedError`` when
    it refuses the records; a batch is stored whole or not at all.

    >>> log = DecisionLog.open("sqlite://")
    >>> log.get_decision("d-1") is None
    True
    >>> log.close()
    """

    def __init__(self, engine: Engine, shown_url: str, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._shown_url = shown_url
        self._clock = clock
        self._weeks = WeekKeeper(engine, clock)

    @classmethod
    def open(
        cls,
        url: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        clock: Callable[[], float] = time.time,
        max_connections: int = DEFAULT_CONNECTIONS,
        must_exist: bool = False,
    ) -> "DecisionLog":
        """Opens the log at ``url`` (``sqlite:///path`` or ``postgresql://...``) and brings its tables up to date.

        ``timeout_seconds`` bounds the wait for a connection, a lock or a statement; ``clock`` gives seconds since the
        epoch; at most ``max_connections`` to PostgreSQL are open at once. Raises ``LogError`` for an address that
        cannot be used, and with ``must_exist`` for a SQLite file that is not there instead of making one.
        """
        address = parse_url(url)
        if must_exist:
            check_file(address)
        shown_url = address.render_as_string(hide_password=True)
        with database_errors(shown_url):
            engine = open_engine(address, timeout_seconds, max_connections)
            try:
                upgrade_schema(engine)
            except BaseException:
                engine.dispose()
                raise
        return cls(engine, shown_url, clock)

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "DecisionLog":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def record_decisions(self, batch: Sequence[DecisionRecord]) -> int:
        """Stores decisions in one transaction and returns how many were new; an id that is there already is kept.

        On SQLite they are safe from a killed process at once, and from a power cut with the next outcome or checkpoint.
        """
        self._keep_weeks(record.created_at for record in batch)
        with self._writing(is_synced=False) as connection:
            return insert_decisions(connection, batch, self._clock())

    def record_outcomes(self, batch: Sequence[Outcome]) -> tuple[OutcomeReceipt, ...]:
        """Stores outcomes in one transaction; a receipt each, in order. On return they are durable."""
        self._keep_weeks(())
        with self._writing() as connection:
            return insert_outcomes(connection, batch, self._clock())

    def get_decision(self, decision_id: str) -> StoredDecision | None:
        """A decision with all its outcomes, or None when the log does not hold it."""
        return self.ask(lambda connection: find_decision(connection, storable_key(decision_id)))

    def logged_steps(
        self, since: float | None = None, experiment: str | None = None, until: float | None = None
    ) -> Iterator[LoggedStep]:
        """Every decision as a line of the step log, oldest first, holding one page of rows in memory at a time.

        ``since`` (seconds since the epoch) leaves out older decisions, ``until`` those made then or later,
        ``experiment`` those outside an experiment. Attempts stand in the order in which they were reported; a decision
        without outcomes has none.
        """
        with database_errors(self._shown_url):
            yield from stream_steps(self._engine, since, until, experiment)

    def put_experiment(self, experiment: Experiment) -> None:
        """Adds an experiment, or a new version of it; earlier versions stay.

        Raises ``ExperimentError`` when another one is not stopped, or when more changed than may change.
        """
        with self._writing() as connection:
            insert_experiment(connection, experiment, self._clock())

    def live_experiment(self) -> Experiment | None:
        """The experiment that runs now, None when none does."""
        now = self._clock()
        return next((each for each in self.experiments() if each.is_live(now)), None)

    def experiments(self) -> tuple[Experiment, ...]:
        """Every experiment as it is now, oldest first."""
        with database_errors(self._shown_url), self._engine.connect() as connection:
            return current_experiments(connection)

    def experiment_history(self, name: str) -> tuple[ExperimentVersion, ...]:
        """Every version of one experiment, oldest first: when its shares changed, and when it stopped."""
        with database_errors(self._shown_url), self._engine.connect() as connection:
            return experiment_versions(connection, name)

    def record_audit(self, entry: AuditEntry) -> None:
        """Adds an entry to the audit trail; on return it is durable."""
        with self._writing() as connection:
            insert_audit(connection, entry, self._clock())

    def audit(self, subject: str | None = None) -> tuple[AuditEntry, ...]:
        """The audit trail, oldest first, of one model or experiment or of all."""
        with database_errors(self._shown_url), self._engine.connect() as connection:
            return audit_entries(connection, subject)

    def ask(self, question: Callable[[Connection], _T]) -> _T:
        """The answer of a view (:mod:`tierwise.data.decision_log.views`), read in one transaction.

        It is asked again where the reading stood in the way of a week that is made or dropped.
        """
        with database_errors(self._shown_url):
            for _ in range(_MAX_DEADLOCKS):
                try:
                    return self._asked(question)
                except OperationalError as error:
                    if not lost_a_deadlock(error):
                        raise
            return self._asked(question)

    def _asked(self, question: Callable[[Connection], _T]) -> _T:
        with self._engine.connect() as connection:
            return question(connection)

    def count_unknown_outcomes(self) -> int:
        """How many outcomes wait for a decision that the log does not hold."""
        return self.ask(count_orphans)

    def count_decisions(self) -> int:
        return self.ask(lambda connection: int(connection.scalar(select(func.count()).select_from(DECISIONS)) or 0))

    def delete_task(self, task_id: str) -> DeletedCounts:
        """Removes every decision of a task with its outcomes."""
        return self._delete(DECISIONS.c.task_id == storable_key(task_id))

    def delete_session(self, session_id: str) -> DeletedCounts:
        """Removes every decision of a session with its outcomes."""
        return self._delete(DECISIONS.c.session_id == storable_key(session_id))

    def prune(self, before: float) -> DeletedCounts:
        """Removes decisions made before ``before`` (seconds since the epoch), and outcomes of unknown decisions too.

        On PostgreSQL whole weeks go by dropping their partitions; while another process prunes, nothing is done.
        """
        with self._writing() as connection:
            return delete_before(connection, before)

    def _delete(self, which: ColumnElement[bool]) -> DeletedCounts:
        with self._writing() as connection:
            counts = delete_decisions(connection, which, self._clock())
        with database_errors(self._shown_url):
            empty_write_ahead_log(self._engine)
        return counts

    def roll_up(self, top_tier: str, n_slots: int = 48) -> int:
        """Adds up half-hours that are over, for the dashboard, and returns how many; 0 when there is nothing to do.

        While another process does it, nothing is done.
        """
        with database_errors(self._shown_url):
            return roll_up(self._engine, top_tier, self._clock(), n_slots)

    def _keep_weeks(self, moments: Iterable[float]) -> None:
        with database_errors(self._shown_url):
            self._weeks.keep(moments)

    @contextmanager
    def _writing(self, is_synced: bool = True) -> Iterator[Connection]:
        """A transaction that writes, with the database's errors as the log's."""
        with (
            database_errors(self._shown_url),
            self._engine.connect() as connection,
            writing(connection, is_synced).begin(),
        ):
            yield connection
