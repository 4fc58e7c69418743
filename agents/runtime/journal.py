"""The journal of a task: every result is on disk before the next call starts, so that a killed task goes on.

It holds prompts, answers and results as they were: a task cannot go on from less.
"""

import asyncio
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError

from tierwise.agents.runtime.journal_file import JournalError, JournalFile
from tierwise.agents.runtime.trace import StepTrace
from tierwise.agents.tools import CallRequest, NoLedger, ToolResult

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """What a task has used: money, with what was set aside for calls under way, and the seconds in which it ran."""

    spent_usd: float = 0.0
    elapsed_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class TaskHead:
    """What a task was begun with. ``nonce`` sets its keys apart from those of another task of the same name."""

    task_id: str
    goal: str
    session_id: str | None = None
    budget_usd: float | None = None
    deadline_seconds: float | None = None
    nonce: str = field(default_factory=lambda: uuid.uuid4().hex)
    format: int = FORMAT


class NoJournal(NoLedger):
    """Keeps nothing: for tasks that end with their process."""

    n_steps = 0
    progress = Progress()
    measure: Callable[[], Progress] = Progress

    def step_of(self, step_id: str) -> StepTrace | None:
        """The step of that name in the log, where it has ended."""
        del step_id
        return None

    async def keep(self, trace: StepTrace) -> None:
        """Notes a step that has ended."""

    def close(self) -> None:
        """Nothing to let go of."""


class TaskJournal(NoJournal):
    """The journal of one task. ``progress`` is that of the last record; ``measure`` gives that of now."""

    def __init__(self, file: JournalFile, head: TaskHead) -> None:
        super().__init__(head.task_id)
        self.head = head
        self.progress = Progress()
        self._file = file
        self._steps: dict[str, StepTrace] = {}
        self._results: dict[str, ToolResult] = {}
        self._begun: set[str] = set()

    @classmethod
    def create(cls, folder: Path, head: TaskHead) -> Self:
        """A journal for a new task. Raises ``JournalError`` where the task was begun before.

        >>> import tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> TaskJournal.create(folder, TaskHead("t-1", "Reach the goal.")).close()
        >>> TaskJournal.reopen(folder, "t-1").head.goal
        'Reach the goal.'
        """
        file = JournalFile.create(folder, head.task_id)
        file.append({"record": "task", **asdict(head)})
        return cls(file, head)

    @classmethod
    def reopen(cls, folder: Path, task_id: str) -> Self:
        """The journal of a task that was begun. Raises ``JournalError`` for none, one whose task runs, and a file that
        is no journal."""
        file = JournalFile.reopen(folder, task_id)
        try:
            records = file.read()
            journal = cls(file, _HEAD.validate_python(records[0]))
            for record in records[1:]:
                journal._replay(record)
        except (IndexError, KeyError, ValidationError) as error:
            file.close()
            raise JournalError(f"{file.path} cannot be resumed: {type(error).__name__}; begin the task anew") from None
        except JournalError:
            file.close()
            raise
        if journal.head.format != FORMAT:
            file.close()
            raise JournalError(f"{file.path} has format {journal.head.format}; this version reads {FORMAT}")
        return journal

    def key_of(self, call_id: str) -> str:
        return uuid.uuid5(uuid.NAMESPACE_OID, f"{self.head.nonce}/{call_id}").hex

    def step_of(self, step_id: str) -> StepTrace | None:
        return self._steps.get(step_id)

    def result_of(self, call_id: str) -> ToolResult | None:
        return self._results.get(call_id)

    def was_begun(self, call_id: str) -> bool:
        return call_id in self._begun

    async def keep(self, trace: StepTrace) -> None:
        await self._write({"record": "step", "trace": _TRACE.dump_python(trace, mode="json")})

    async def begin(self, request: CallRequest) -> None:
        await self._write({"record": "begun", **asdict(request)})

    async def finish(self, request: CallRequest, result: ToolResult) -> None:
        await self._write({"record": "call", **asdict(request), "result": _RESULT.dump_python(result, mode="json")})

    def close(self) -> None:
        self._file.close()

    async def _write(self, record: dict[str, Any]) -> None:
        """Not on the event loop: a disk takes its time. A task that is cancelled meanwhile still has the record."""
        whole = record | {"progress": asdict(self.measure())}
        writing = asyncio.ensure_future(asyncio.to_thread(self._file.append, whole))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    def _replay(self, record: dict[str, Any]) -> None:
        match record["record"]:
            case "step":
                trace = _TRACE.validate_python(record["trace"])
                self._steps[trace.step_id] = trace
            case "begun":
                self._begun.add(record["call_id"])
            case "call":
                self._begun.discard(record["call_id"])
                self._results[record["call_id"]] = _RESULT.validate_python(record["result"])
        self.progress = _PROGRESS.validate_python(record["progress"])
        self.n_steps = len(self._steps)


_HEAD = TypeAdapter(TaskHead)
_PROGRESS = TypeAdapter(Progress)
_RESULT = TypeAdapter(ToolResult)
_TRACE = TypeAdapter(StepTrace)
