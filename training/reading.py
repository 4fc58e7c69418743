"""Reading logs to learn from: part by part wherever an engine runs, in memory bounded by what is drawn."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.draw import DrawnSteps, StepDraw
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import Malformed, log_files, read_step_log
from tierwise.features.tasks import Rebuilding
from tierwise.training.engines.engine import Engine
from tierwise.training.progress import Progress
from tierwise.training.same_answer import targeted


@dataclass(frozen=True, slots=True)
class _Reading:
    """``folder`` is where paths begin: a worker has another working directory."""

    catalogue: TierCatalogue
    max_steps: int
    folder: Path
    target: str
    task_memory: bool


@dataclass(frozen=True, slots=True)
class ReadPart:
    """What was drawn of one file or database, and its malformed lines."""

    draw: StepDraw
    malformed: tuple[Malformed, ...]


def draw_logs(
    sources: Sequence[str],
    catalogue: TierCatalogue,
    max_steps: int,
    engine: Engine,
    progress: Progress,
    on_malformed: Callable[[Sequence[Malformed]], None],
    target: str = "success",
    task_memory: bool = False,
) -> DrawnSteps:
    """Draws from files, folders of files and databases of decision logs; ``on_malformed`` gets each part's bad lines.
    With ``task_memory`` steps are told what came of the earlier ones of their task, as far as these stand in the same
    part and before them.

    Raises ``LogError`` for a source that cannot be read.
    """
    parts = [part for source in sources for part in ([source] if "://" in source else map(str, log_files(source)))]
    progress("reading", len(parts))
    whole = StepDraw(catalogue.names, max_steps)
    for read in engine.map(read_part, _Reading(catalogue, max_steps, Path.cwd(), target, task_memory), parts):
        on_malformed(read.malformed)
        whole.merge(read.draw)
        progress.step()
    return whole.drawn()


def read_part(reading: _Reading, source: str) -> ReadPart:
    """One file or database, streamed."""
    draw = StepDraw(reading.catalogue.names, reading.max_steps)
    malformed = []
    rebuilding = Rebuilding(reading.catalogue.names) if reading.task_memory else None
    for record in _records(source, reading):
        if isinstance(record, Malformed):
            malformed.append(replace(record, path=source))
        else:
            told = record if rebuilding is None else rebuilding.next(record)
            draw.add(targeted(told, reading.catalogue.names, reading.target))
    return ReadPart(draw, tuple(malformed))


def _records(source: str, reading: _Reading) -> Iterable[LoggedStep | Malformed]:
    if "://" not in source:
        yield from read_step_log(reading.folder / source, reading.catalogue)
        return
    from tierwise.data.decision_log import DecisionLog

    with DecisionLog.open(source, must_exist=True) as log:
        yield from log.logged_steps()
