"""What the decision log raises, told apart by what helps: waiting, or changing the record."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DatabaseError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from tierwise.data.errors import LogError

_DEADLOCK = "40P01"


class LogUnavailableError(LogError):
    """The database is away, locked or full. Nothing of the batch was stored; the same call may work later."""


class LogRefusedError(LogError):
    """The database answered and refused the batch. Nothing of it was stored; repeating it will not help."""


@contextmanager
def database_errors(shown_url: str) -> Iterator[None]:
    """Turns SQLAlchemy's errors into the two above. The message holds no values of the failed statement."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise LogUnavailableError(f"decision log {shown_url}: {_first_line(error)}") from None
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # integrity, data, programming: the record's fault
            raise LogRefusedError(f"decision log {shown_url}: {_first_line(error)}") from None
        raise LogUnavailableError(f"decision log {shown_url}: {_first_line(error)}") from None  # a file that is damaged
    except SQLAlchemyError as error:
        raise LogRefusedError(f"decision log {shown_url}: {_first_line(error)}") from None


def lost_a_deadlock(error: OperationalError) -> bool:
    """Whether PostgreSQL ended this transaction so that another one, which makes or drops a week, goes on."""
    return getattr(error.orig, "sqlstate", None) == _DEADLOCK


def _first_line(error: SQLAlchemyError) -> str:
    """The driver's own words, without the statement and its parameters, which hold prompts."""
    driver_error = getattr(error, "orig", None)
    if driver_error is None:
        return type(error).__name__
    return (str(driver_error).splitlines() or [""])[0] or type(driver_error).__name__
