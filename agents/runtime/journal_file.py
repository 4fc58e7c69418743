"""One file of records that are on disk once they are written: JSON Lines, synced, locked, cut back to whole lines."""

import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

from tierwise.data.errors import TierwiseError

_MAX_NAME_CHARS = 200


class JournalError(TierwiseError):
    """A journal that is not there, is there already, is in use, or cannot be read or written."""


class JournalFile:
    """Open for appending, for this process alone: the lock goes with the process, however that ends."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self._descriptor: int | None = descriptor
        self._length = os.fstat(descriptor).st_size
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, task_id: str) -> Self:
        """A new file, readable by its owner alone. Raises ``JournalError`` where there is one already."""
        path = _path(folder, task_id)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            raise JournalError(f"the task '{task_id}' was begun before; resume it, or move {path} away") from None
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror}") from None
        _take_lock(descriptor, path)
        _sync_folder(folder)
        return cls(path, descriptor)

    @classmethod
    def reopen(cls, folder: Path, task_id: str) -> Self:
        """A file that is there. Raises ``JournalError`` for none, and for one that another process writes."""
        path = _path(folder, task_id)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            raise JournalError(f"there is no task '{task_id}' in {folder}; begin it with run") from None
        except OSError as error:
            raise JournalError(f"{path}: {error.strerror}") from None
        _take_lock(descriptor, path)
        return cls(path, descriptor)

    def read(self) -> list[dict[str, Any]]:
        """The records. A last line that was cut short was never acted upon, and is removed.

        Raises ``JournalError`` naming a line that is no record.
        """
        content = self.path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if self._descriptor is not None and len(whole) < len(content):
            os.ftruncate(self._descriptor, len(whole))
        self._length = len(whole)
        return [_record(line, f"{self.path}:{number}") for number, line in enumerate(whole.splitlines(), start=1)]

    def append(self, record: Mapping[str, Any]) -> None:
        """Writes ``record`` and returns when it is on disk. Safe from any thread. Raises ``JournalError``."""
        line = json.dumps(record).encode() + b"\n"
        with self._lock:
            if self._descriptor is None:
                raise JournalError(f"{self.path} is closed")
            try:
                _write_all(self._descriptor, line)
                os.fsync(self._descriptor)
            except OSError as error:
                self._give_up()
                raise JournalError(f"{self.path}: {error.strerror}; make room, then resume the task") from None
            self._length += len(line)

    def close(self) -> None:
        """Lets go of the file and of its lock."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _give_up(self) -> None:
        """Cuts half a record off and takes no other: what comes after a gap could not be trusted."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            with suppress(OSError):  # whoever reads it next cuts it off
                os.ftruncate(descriptor, self._length)
            os.close(descriptor)


def _path(folder: Path, task_id: str) -> Path:
    name = quote(task_id, safe="")
    if not 0 < len(name) <= _MAX_NAME_CHARS:
        raise JournalError(
            f"the task id {task_id[:80]!r} makes no file name; 1 to {_MAX_NAME_CHARS} letters are needed"
        )
    return folder / f"{name}.jsonl"


def _take_lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise JournalError(f"{path} is in use: its task runs") from None


def _sync_folder(folder: Path) -> None:
    """Makes the new name last."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _record(line: bytes, where: str) -> dict[str, Any]:
    try:
        record = json.loads(line)
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise JournalError(f"{where} is no record; the journal was changed by something else")
    return record
