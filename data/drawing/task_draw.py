"""Steps without an outcome of their own whose task is known to have succeeded or failed: drawn by whole tasks.

Beside them a word on each task: how it ended, and how many of its steps are known to have failed by themselves. A task
is told by eight bytes of a digest of its id.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from tierwise.data.drawing.task_words import ran_last, task_success
from tierwise.data.records import LoggedStep

_SLACK = 1.25
_KEY_BYTES = 8


@dataclass(frozen=True, slots=True)
class TaskWord:
    """``success`` of the task, None unknown; ``n_failed`` of its steps are known to have failed at last."""

    success: bool | None = None
    n_failed: int = 0

    def joined(self, other: "TaskWord") -> "TaskWord":
        """Of two words on the end, a failure counts."""
        said = [each for each in (self.success, other.success) if each is not None]
        return TaskWord(all(said) if said else None, self.n_failed + other.n_failed)


class TaskDraw:
    """Draws the steps of whole tasks, those with the smallest digests first, at most ``max_steps``; 0: all."""

    def __init__(self, max_steps: int) -> None:
        self._max_steps = max_steps
        self._words: dict[bytes, TaskWord] = {}
        self._kept: list[tuple[bytes, bytes, LoggedStep]] = []
        self._end = b"\xff" * (_KEY_BYTES + 1)

    def note(self, logged: LoggedStep) -> None:
        """What a step says of its task; every step of the log is shown."""
        if logged.task_id is None:
            return
        ran = ran_last(logged)
        word = TaskWord(task_success(logged), int(ran is not None and ran.success is False))
        if word != TaskWord():
            key = task_key(logged.task_id)
            self._words[key] = self._words.get(key, TaskWord()).joined(word)

    def add(self, logged: LoggedStep, key: bytes) -> None:
        """A step without an outcome of its own; ``key`` is what the canonical order sorts by."""
        if logged.task_id is None:
            return
        self._kept.append((task_key(logged.task_id), key, logged))
        if self._max_steps and len(self._kept) > _SLACK * self._max_steps:
            self._cut(self._max_steps)

    def merge(self, other: "TaskDraw") -> None:
        """What was drawn from another part of the log."""
        for key, word in other._words.items():
            self._words[key] = self._words.get(key, TaskWord()).joined(word)
        self._kept += other._kept
        self._end = min(self._end, other._end)

    def drawn(self, most: int) -> tuple[LoggedStep, ...]:
        """The steps of tasks whose end is known, at most ``most`` where ``max_steps`` bounds them, each once."""
        self._kept = [entry for entry in self._kept if self._word(entry[0]).success is not None]
        self._cut(most)
        return tuple(logged for _, _, logged in self._kept)

    def _cut(self, most: int) -> None:
        """Into canonical order, each step once; a task that does not fit whole goes, and all after it for good."""
        entries = sorted({entry[:2]: entry for entry in self._kept if entry[0] < self._end}.values(), key=_order)
        if self._max_steps and len(entries) > most:
            self._end = entries[most][0]
            entries = [entry for entry in entries[:most] if entry[0] < self._end]
        self._kept = entries

    def words(self, steps: Iterable[LoggedStep]) -> Mapping[str, TaskWord]:
        """By task id, of those tasks of ``steps`` whose end is known."""
        found = {logged.task_id: self._word(task_key(logged.task_id)) for logged in steps if logged.task_id is not None}
        return {task: word for task, word in found.items() if word.success is not None}

    def _word(self, key: bytes) -> TaskWord:
        return self._words.get(key, TaskWord())


def task_key(task_id: str) -> bytes:
    """What a task is told by."""
    return sha256(task_id.encode("utf-8", "surrogatepass")).digest()[:_KEY_BYTES]


def _order(entry: tuple[bytes, bytes, LoggedStep]) -> tuple[bytes, bytes]:
    return entry[:2]
