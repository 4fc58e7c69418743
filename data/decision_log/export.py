"""The log as a folder of Parquet files, one a day, on whatever file system fsspec reaches (``date=2026-11-25/``).

A day whose file says that it holds what the log holds is left alone, so an export that was killed goes on where it was,
and a second one writes only days that got decisions or outcomes since. A file appears as a whole or not at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from tierwise.data.decision_log.log import DecisionLog
from tierwise.data.decision_log.views.days import Day, day_state
from tierwise.data.errors import LogError
from tierwise.data.parquet import parquet_metadata, write_parquet_rows
from tierwise.data.program.extras import needs_extra
from tierwise.data.sensitive.redaction import Redaction, redact_logged_step
from tierwise.data.serialise import logged_step_to_dict

FILE_NAME = "steps.parquet"

_STATE_KEY = "tierwise.day"

Fate = Literal["written", "unchanged", "kept"]


@dataclass(frozen=True, slots=True)
class ExportedDay:
    """A day of the log and what became of its file: ``kept`` is one that holds more than the log still does."""

    date: date
    n_steps: int
    fate: Fate


class ExportFolder:
    """A folder with a file for each day. ``address`` is a path or a URL that fsspec knows, such as ``s3://bucket/log``.

    Raises ``LogError`` for an address that cannot be used, and ``MissingExtraError`` without the ``export`` extra.
    """

    def __init__(self, address: str, redaction: Redaction = Redaction.FULL) -> None:
        with needs_extra("export"):
            from fsspec.core import url_to_fs
        try:
            self._files, root = url_to_fs(address)
        except (ImportError, ValueError) as error:
            raise LogError(f"{address}: {error}") from None
        self._root = str(root).rstrip("/")
        self._address = address
        self._redaction = redaction

    def bring(self, log: DecisionLog, dates: Iterable[date], may_shrink: bool = False) -> Iterator[ExportedDay]:
        """Brings the files of days up to date, one after the other.

        A file that holds more decisions than the log, because retention or a deletion has been there, is kept;
        ``may_shrink`` writes it anew.
        """
        for each in dates:
            try:
                yield self._bring(log, each, may_shrink)
            except OSError as error:
                raise LogError(f"{self._address}: {error.strerror or error}") from None

    def _bring(self, log: DecisionLog, of: date, may_shrink: bool) -> ExportedDay:
        day = log.ask(lambda connection: day_state(connection, of))
        before = self._state(of)
        if before == _state(day):
            return ExportedDay(of, day.n_decisions, "unchanged")
        if before is not None and _n_decisions(before) > day.n_decisions and not may_shrink:
            return ExportedDay(of, _n_decisions(before), "kept")
        return ExportedDay(of, self._write(log, day), "written")

    def _write(self, log: DecisionLog, day: Day) -> int:
        """Under another name first; what comes meanwhile changes the day's state, so that the next export renews it."""
        path, making = self._path(day.date), f"{self._path(day.date)}.making"
        self._files.makedirs(path.rpartition("/")[0], exist_ok=True)
        steps = log.logged_steps(day.since, until=day.until)
        rows = (logged_step_to_dict(redact_logged_step(step, self._redaction)) for step in steps)
        with self._files.open(making, "wb") as file:
            n_steps = write_parquet_rows(file, rows, {_STATE_KEY: _state(day)})
        self._files.mv(making, path)
        return n_steps

    def _state(self, of: date) -> str | None:
        """What the file of a day says that it holds; None where there is none that can be read."""
        try:
            with self._files.open(self._path(of), "rb") as file:
                return parquet_metadata(file).get(_STATE_KEY)
        except FileNotFoundError:
            return None

    def _path(self, of: date) -> str:
        return f"{self._root}/date={of.isoformat()}/{FILE_NAME}"


def _state(day: Day) -> str:
    return f"{day.n_decisions} {day.last_decision} {day.n_outcomes} {day.last_outcome}"


def _n_decisions(state: str) -> int:
    return int(state.split()[0])
