"""What the decision log raises, told apart by what helps: waiting, or changing the record."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tierwise.data.errors import LogError

if TYPE_CHECKING:
    from sqlalchemy.exc import OperationalError, SQLAlchemyError

_DEADLOCK = "40P01"


class LogUnavailableError(LogError):
    """The database is away, locked or full. Nothing of the batch was stored; the same call may work later."""


class LogRefusedError(LogError):
    """The database answered and refused the batch. Nothing of it was stored; repeating it will not help."""


@contextmanager
def database_errors(shown_url: str) -> Iterator[None]:
    """Turns SQLAlchemy's errors into the two above. The message holds no values of the failed statement."""
    from sqlalchemy import exc  # loaded by now: only who has opened a log gets here

    try:
        yield
    except (exc.OperationalError, exc.InterfaceError, exc.TimeoutError) as error:
        raise LogUnavailableError(f"decision log {shown_url}: {_first_line(error)}") from None
    except exc.DatabaseError as error:
        if type(error) is not exc.DatabaseError:  # integrity, data, programming: the record's fault
            raise LogRefusedError(f"decision log {shown_url}: {_first_line(error)}") from None
        raise LogUnavailableError(f"decision log {shown_url}: {_first_line(error)}") from None  # a file that is damaged
    except exc.SQLAlchemyError as error:
        raise LogRefusedError(f"decision log {shown_url}: {_first_line(error)}") from None


def lost_a_deadlock(error: "OperationalError") -> bool:
    """Whether PostgreSQL ended this transaction so that another one, which makes or drops a week, goes on."""
    return getattr(error.orig, "sqlstate", None) == _DEADLOCK


def _first_line(error: "SQLAlchemyError") -> str:
    """The driver's own words, without the statement and its parameters, which hold prompts."""
    driver_error = getattr(error, "orig", None)
    if driver_error is None:
        return type(error).__name__
    return (str(driver_error).splitlines() or [""])[0] or type(driver_error).__name__
