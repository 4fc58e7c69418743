"""The error family of Tierwise: every message names the value that was wrong and the fix."""

import shlex
import sys
from pathlib import Path


class TierwiseError(Exception):
    """Anything that Tierwise itself refuses. The CLI prints it as one line and exits with 2."""


class RecordError(TierwiseError):
    """A step, attempt or outcome that cannot be read.

    ``field`` is the path of the offending field, such as ``step.input_complexity``.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.field = field


class CatalogueError(TierwiseError):
    """A tier catalogue that cannot be used, or a tier or price that it does not have."""


class LogError(TierwiseError):
    """A log file that cannot be read or written as a whole."""


class MissingExtraError(TierwiseError):
    """An optional package is not installed; the message names the pip command."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(f"{package} is not installed; run: {install_command(extra)}")


def install_command(extra: str) -> str:
    """The pip command that adds an extra to this installation: from the checkout that it runs from, where it does."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / "router_model").is_dir():
        return f"{shlex.quote(sys.executable)} -m pip install -e {shlex.quote(f'{checkout}[{extra}]')}"
    return f"pip install 'tierwise[{extra}]'"
