"""Adding rows to PostgreSQL by COPY: a third of the time of an INSERT of the same rows, a fifth of this process's."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, Connection, Table
from sqlalchemy.exc import DBAPIError

from tierwise.data.decision_log.texts import stored_value


def copy_rows(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
    """Adds ``rows``, which all have the same keys in whatever order, within the transaction of ``connection``.

    Raises SQLAlchemy's errors, like every other statement.
    """
    if not rows:
        return
    columns = [column for column in table.columns if column.name in rows[0]]
    if rows[0].keys() - {column.name for column in columns}:
        raise KeyError(f"{table.name} has no column {sorted(rows[0].keys() - set(table.columns.keys()))[0]}")
    names = [column.name for column in columns]
    is_json = [isinstance(column.type, JSON) for column in columns]
    statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN"
    driver: Any = connection.dialect.dbapi
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(statement) as copy:
            for row in rows:
                values = zip((row[name] for name in names), is_json, strict=True)
                copy.write_row([stored_value(value, as_json) for value, as_json in values])
    except driver.Error as error:
        raise DBAPIError.instance(statement, None, error, driver.Error, dialect=connection.dialect) from None
    finally:
        cursor.close()
