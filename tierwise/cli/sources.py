"""Where logged steps come from: files of the step log, or a decision log by its database URL."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import MAX_SHOWN, say_malformed
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError
from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.redaction import Redaction
from tierwise.data.step_log import Malformed, load_step_logs, write_quarantine

RedactionOption = Annotated[
    Redaction, typer.Option(help="What is written of prompts and answers; secrets are taken out unless it is full.")
]


def read_logs(sources: Sequence[str], catalogue: TierCatalogue, quarantine: Path) -> list[LoggedStep]:
    """All steps of ``sources``, in order; malformed lines go to ``quarantine`` and are told on stderr.

    Raises ``LogError`` for a source that cannot be read, or when nothing usable is left.
    """
    steps: list[LoggedStep] = []
    malformed: list[Malformed] = []
    for source in sources:
        if "://" in source:
            steps += _read_decision_log(source)
        else:
            found = load_step_logs([source], catalogue)
            steps += found.steps
            malformed += found.malformed
    keep_malformed(malformed, quarantine)
    if not steps:
        reason = f"; the first malformed line: {malformed[0]}" if malformed else ""
        raise LogError(f"{', '.join(sources)}: no step could be read{reason}")
    return steps


def keep_malformed(malformed: Sequence[Malformed], quarantine: Path) -> None:
    """Writes the quarantine file of this run, and says so."""
    kept = Quarantine(quarantine)
    kept.add(malformed)
    kept.say()


class Quarantine:
    """The file of this run's malformed lines, written as they come; only their number and the first few are held."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self.n_lines = 0
        self.first: list[Malformed] = []

    def add(self, malformed: Sequence[Malformed]) -> None:
        """More malformed lines."""
        if malformed:
            write_quarantine(self._path, malformed)
            self.n_lines += len(malformed)
            self.first += malformed[: MAX_SHOWN - len(self.first)]

    def say(self) -> None:
        """How many there were, the first few, and where they are kept; nothing when there were none."""
        say_malformed(self.first, self.n_lines, str(self._path))


def _read_decision_log(url: str) -> list[LoggedStep]:
    from tierwise.data.decision_log import DecisionLog

    with DecisionLog.open(url, must_exist=True) as log:
        return list(log.logged_steps())
