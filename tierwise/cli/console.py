"""What the commands print: results on stdout, everything about the run on stderr."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as RichProgress
from rich.table import Table

from tierwise.data.step_log import Malformed

MAX_SHOWN = 3
_PIPE_WIDTH = 10_000  # who reads a pipe wants whole figures; a table takes no more than it needs


def say(text: str) -> None:
    """A line about the run, on stderr."""
    typer.echo(text, err=True)


def fail(text: str, code: int = 1) -> NoReturn:
    """One clear line on stderr, and the exit code."""
    say(f"tierwise: {' '.join(text.split())}")
    sys.exit(code)


def say_malformed(first: Sequence[Malformed], n_lines: int, quarantine: str) -> None:
    """Tells how many lines were refused, the ``first`` few of them with their reasons, and where they are kept."""
    if not n_lines:
        return
    say(f"{n_lines} malformed line(s) left out and kept in {quarantine}:")
    for line in first[:MAX_SHOWN]:
        say(f"  {line}")
    if n_lines > MAX_SHOWN:
        say(f"  … and {n_lines - MAX_SHOWN} more")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table on stdout; the first column is text, the others are figures."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for i, column in enumerate(columns):
        table.add_column(column, justify="left" if i == 0 else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else _PIPE_WIDTH).print(table)


class StageBar:
    """Shows stages of long work as progress bars on stderr; also usable as ``tierwise.training.progress.Progress``."""

    def __init__(self) -> None:
        self._rich = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task: int | None = None

    def __enter__(self) -> "StageBar":
        self._rich.start()
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        if error is None:
            self._finish()
        self._rich.stop()

    def __call__(self, stage: str, n_parts: int) -> None:
        self._finish()
        self._task = self._rich.add_task(stage, total=n_parts)

    def step(self) -> None:
        if self._task is not None:
            self._rich.advance(self._rich.task_ids[self._task])

    def _finish(self) -> None:
        if self._task is not None:
            task = self._rich.tasks[self._task]
            self._rich.update(task.id, completed=task.total)
