"""Adding many decisions to SQLite with few statements.

The driver lets go of the interpreter's lock twice for every row that a statement is run for, and each time waits until
the event loop gives it back: with a row a statement, a batch interrupts the requests meanwhile twice as often as it has
rows. A statement of many rows does so once.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import JSON, Connection

from tierwise.data.decision_log.tables import DECISIONS
from tierwise.data.decision_log.texts import stored_value

_MOST_ROWS = 32  # of 27 values each: SQLite before 3.32 takes 999 of them
_COLUMNS = tuple(column.name for column in DECISIONS.columns if column.name != "seq")
_IS_JSON = tuple(isinstance(DECISIONS.c[name].type, JSON) for name in _COLUMNS)


def insert_rows(connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
    """Adds the rows whose id is not there yet, in order; returns how many."""
    n_new = 0
    for part in _parts(rows):
        values = [
            stored_value(row[name], is_json) for row in part for name, is_json in zip(_COLUMNS, _IS_JSON, strict=True)
        ]
        n_new += connection.exec_driver_sql(_statement(len(part)), tuple(values)).rowcount
    return n_new


def _parts(rows: Sequence[dict[str, Any]]) -> Iterator[Sequence[dict[str, Any]]]:
    """Parts of few lengths, powers of two: the driver keeps the statement of each."""
    start, n_rows = 0, _MOST_ROWS
    while start < len(rows):
        while n_rows > len(rows) - start:
            n_rows //= 2
        yield rows[start : start + n_rows]
        start += n_rows


@cache
def _statement(n_rows: int) -> str:
    row = f"({', '.join('?' * len(_COLUMNS))})"
    return (
        f"INSERT INTO decisions ({', '.join(_COLUMNS)}) VALUES {', '.join([row] * n_rows)} "
        "ON CONFLICT (decision_id) DO NOTHING"
    )
