"""Where logged steps come from: files of the step log, or a decision log by its database URL."""

from collections.abc import Sequence
from pathlib import Path

from tierwise.cli.console import say_malformed
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import Malformed, load_step_logs, write_quarantine


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
    quarantine.unlink(missing_ok=True)
    if malformed:
        write_quarantine(quarantine, malformed)
        say_malformed(malformed, str(quarantine))


def _read_decision_log(url: str) -> list[LoggedStep]:
    from tierwise.data.decision_log import DecisionLog

    with DecisionLog.open(url) as log:
        return list(log.logged_steps())
