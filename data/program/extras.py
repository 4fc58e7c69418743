"""Parts that need an extra say which one."""

from collections.abc import Iterator
from contextlib import contextmanager

from tierwise.data.errors import MissingExtraError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turns a missing third-party package into the pip command that installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package in ("", "tierwise"):
            raise
        raise MissingExtraError(package, extra) from None
