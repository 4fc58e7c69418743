"""The tally: how many decisions were answered and how many of them are settled, in a file that survives ``kill -9``.

Outcomes of gateway calls, for which nobody waits, are counted likewise.

Counters in a memory-mapped file cost less than a microsecond a decision, and the kernel keeps them when the process
dies. The next process finds them and counts what was answered and never settled. A power cut may lose the counters.
"""

import mmap
import os
import struct
import threading
from dataclasses import dataclass
from pathlib import Path

_COUNTERS = struct.Struct("<QQQQ")
_SUFFIX = ".ledger"


@dataclass(frozen=True, slots=True)
class Lost:
    """What earlier processes took along when they were killed."""

    n_decisions: int = 0
    n_outcomes: int = 0

    def __add__(self, other: "Lost") -> "Lost":
        return Lost(self.n_decisions + other.n_decisions, self.n_outcomes + other.n_outcomes)


class Tally:
    """Counts the decisions and gateway outcomes of this process; ``open`` also tells what earlier processes lost."""

    def __init__(self, path: Path, lost_before: Lost) -> None:
        self.lost_before = lost_before
        self._path = path
        self._n_answered = 0
        self._n_settled = 0
        self._n_outcomes = self._n_settled_outcomes = 0
        self._lock = threading.Lock()
        with path.open("w+b") as file:
            file.write(bytes(_COUNTERS.size))
            file.flush()
            self._counters = mmap.mmap(file.fileno(), _COUNTERS.size)

    @classmethod
    def open(cls, folder: Path) -> "Tally":
        """A fresh tally in ``folder``. Tallies of dead processes are read and removed. Raises ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True)
        abandoned = [path for path in sorted(folder.glob(f"recorder-*{_SUFFIX}")) if _is_abandoned(path)]
        lost = sum((_claim(path) for path in abandoned), Lost())
        return cls(folder / f"recorder-{os.getpid()}{_SUFFIX}", lost)

    def answer(self) -> None:
        """Notes a decision that is about to be answered. Only the event loop's thread calls this."""
        self._n_answered += 1
        struct.pack_into("<Q", self._counters, 0, self._n_answered)

    def settle(self, n_decisions: int) -> None:
        """Notes decisions that are stored, or dropped and counted. Only the recorder's thread calls this."""
        self._n_settled += n_decisions
        struct.pack_into("<Q", self._counters, 8, self._n_settled)

    def take_outcome(self) -> None:
        """Notes an outcome that will be stored behind the answer. Called on any thread."""
        with self._lock:
            self._n_outcomes += 1
            struct.pack_into("<Q", self._counters, 16, self._n_outcomes)

    def settle_outcomes(self, n_outcomes: int) -> None:
        """Notes such outcomes that are stored, or lost and counted. Called on any thread."""
        with self._lock:
            self._n_settled_outcomes += n_outcomes
            struct.pack_into("<Q", self._counters, 24, self._n_settled_outcomes)

    def close(self) -> None:
        """Removes the tally: everything that was answered is accounted for."""
        self._counters.close()
        self._path.unlink(missing_ok=True)


def _is_abandoned(path: Path) -> bool:
    """Whether the process of a tally is gone. Our own number means one before us had it, as in a container."""
    try:
        pid = int(path.name.removeprefix("recorder-").removesuffix(_SUFFIX))
        if pid != os.getpid():
            os.kill(pid, 0)
    except (ValueError, PermissionError):
        return False
    except ProcessLookupError:
        return True
    return pid == os.getpid()


def _claim(path: Path) -> Lost:
    """What a dead process did not settle; nothing when another process was faster to count it."""
    claimed = path.with_suffix(f".claimed-{os.getpid()}")
    try:
        path.rename(claimed)
        content = claimed.read_bytes()
        claimed.unlink()
    except OSError:
        return Lost()
    if len(content) not in (_COUNTERS.size, _COUNTERS.size // 2):  # a tally of an older version counts decisions only
        return Lost()
    n_answered, n_settled, n_outcomes, n_settled_outcomes = _COUNTERS.unpack(content.ljust(_COUNTERS.size, b"\0"))
    return Lost(max(0, n_answered - n_settled), max(0, n_outcomes - n_settled_outcomes))
