"""Outcomes on disk until the service has them: JSON Lines, one file a process, in the order of reporting.

A line is handed to the kernel before ``append`` returns, so it outlives the process; ``sync`` makes it outlive the
machine. The file of a process that died is taken over by the next one: the lock on it is gone.
"""

import logging
import os
import sys
import threading
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol

_TRIES = 3

_LOGGER = logging.getLogger(__name__)


class OutcomeStore(Protocol):
    """Outcomes that wait, first in, first out."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing waits."""

    @property
    def is_synced(self) -> bool:
        """Whether ``sync`` has nothing to do."""

    def append(self, line: bytes) -> bool:
        """Adds a line; False when there is no room. Raises ``OSError``."""

    def sync(self) -> None:
        """Makes what was added as durable as it can be here."""

    def read(self, n_lines: int, n_bytes: int) -> list[bytes]:
        """The first lines, at most so many and so long; at least one if any waits."""

    def discard(self, lines: list[bytes]) -> None:
        """Drops what ``read`` gave."""

    def leave(self) -> None:
        """Lets go of what a forked child has from its parent."""

    def close(self) -> None:
        """Ends the use of what lies beneath."""


class MemoryStore:
    """Where nothing can be written: what waits is lost with the process."""

    def __init__(self, max_bytes: int) -> None:
        self._lines: deque[bytes] = deque()
        self._n_free = max_bytes
        self._lock = threading.Lock()

    @property
    def is_empty(self) -> bool:
        return not self._lines

    @property
    def is_synced(self) -> bool:
        return True

    def append(self, line: bytes) -> bool:
        with self._lock:
            if len(line) > self._n_free:
                return False
            self._n_free -= len(line)
            self._lines.append(line)
            return True

    def sync(self) -> None:
        """Memory is as durable as it gets."""

    def read(self, n_lines: int, n_bytes: int) -> list[bytes]:
        with self._lock:
            return first_lines(self._lines, n_lines, n_bytes)

    def discard(self, lines: list[bytes]) -> None:
        with self._lock:
            for line in lines:
                self._lines.popleft()
                self._n_free += len(line)

    def leave(self) -> None:
        """The child's copy of the lines goes with the object; the parent delivers its own."""

    def close(self) -> None:
        if self._lines:
            _LOGGER.error("%d outcomes are lost: there is no spool to keep them in", len(self._lines))


class Spool:
    """One spool file, read from its beginning. ``max_bytes`` bounds it; a line that does not fit is refused."""

    def __init__(self, path: Path, descriptor: int, max_bytes: int) -> None:
        self.path = path
        self._file = descriptor
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._start = 0
        self._end = _whole_length(descriptor, path)
        self._is_synced = True

    @classmethod
    def create(cls, folder: Path, max_bytes: int) -> "Spool":
        """A new spool of this process. Raises ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(_TRIES):
            path = folder / f"outcomes-{os.getpid()}-{uuid.uuid4().hex[:8]}.jsonl"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            if _lock(descriptor) and path.exists():  # another process may have tidied it away before it was locked
                return cls(path, descriptor, max_bytes)
            os.close(descriptor)
            path.unlink(missing_ok=True)
        raise OSError(f"files in {folder} cannot be locked")

    @property
    def is_empty(self) -> bool:
        return self._start == self._end

    @property
    def is_synced(self) -> bool:
        return self._is_synced

    def append(self, line: bytes) -> bool:
        """Adds a line (without its line break); False when the spool is full. Raises ``OSError``."""
        with self._lock:
            if self._end + len(line) + 1 > self._max_bytes:
                return False
            written = os.write(self._file, line + b"\n")
            if written != len(line) + 1:  # a full disk takes half a line, which must not stay
                os.ftruncate(self._file, self._end)
                return False
            self._end += written
            self._is_synced = False
            return True

    def sync(self) -> None:
        if not self._is_synced:
            self._is_synced = True
            os.fsync(self._file)

    def read(self, n_lines: int, n_bytes: int) -> list[bytes]:
        return first_lines(self._lines(), n_lines, n_bytes)

    def discard(self, lines: list[bytes]) -> None:
        """Drops what ``read`` gave. The file is emptied when nothing is left in it."""
        with self._lock:
            self._start += sum(len(line) + 1 for line in lines)
            if self._start >= self._end:
                os.ftruncate(self._file, 0)
                self._start = self._end = 0

    def leave(self) -> None:
        """Lets go of the file in a forked child; it stays the parent's."""
        os.close(self._file)

    def close(self) -> None:
        """Removes an empty file; one that still holds outcomes stays for the next process."""
        self.sync()
        if self.is_empty:
            self.path.unlink(missing_ok=True)
        os.close(self._file)

    def _lines(self) -> Iterator[bytes]:
        """Lines from the start on; only whole lines lie before the end."""
        position, left = self._start, b""
        while position < self._end:
            chunk = os.pread(self._file, min(1 << 20, self._end - position), position)
            if not chunk:
                return
            position += len(chunk)
            *whole, left = (left + chunk).split(b"\n")
            yield from whole


def first_lines(lines: Iterable[bytes], n_lines: int, n_bytes: int) -> list[bytes]:
    """The first lines, at most ``n_lines``, and at most ``n_bytes`` of them unless the first alone is longer."""
    found: list[bytes] = []
    total = 0
    for line in lines:
        total += len(line)
        if len(found) >= n_lines or (found and total > n_bytes):
            break
        found.append(line)
    return found


def abandoned_spools(folder: Path, max_bytes: int) -> list[Spool]:
    """The spools of processes that are gone, oldest first, locked for us; empty ones are removed."""
    found: list[Spool] = []
    paths = [path for path in folder.glob("outcomes-*.jsonl") if path.is_file()]
    for path in sorted(paths, key=lambda path: path.stat().st_mtime):
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except OSError:
            continue
        if not _lock(descriptor) or not path.exists():
            os.close(descriptor)
            continue
        spool = Spool(path, descriptor, max_bytes)
        if spool.is_empty:
            spool.close()
        else:
            found.append(spool)
    return found


def _lock(descriptor: int) -> bool:
    """Whether the file is ours alone; the lock goes with the process."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _whole_length(descriptor: int, path: Path) -> int:
    """The length up to the last line break. What a crash left behind it was never complete and is cut off."""
    length = os.fstat(descriptor).st_size
    position = length
    while position > 0:
        start = max(0, position - 65_536)
        at = os.pread(descriptor, position - start, start).rfind(b"\n")
        if at >= 0:
            position = start + at + 1
            break
        position = start
    if position != length:
        _LOGGER.warning("%s ended in half an outcome, %d bytes were cut off", path, length - position)
        os.ftruncate(descriptor, position)
    return position
