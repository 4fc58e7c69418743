"""Files that a command writes whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A file to write in place of ``path``. When the block raises, what was there stays as it was.

    What is no regular file, such as a pipe, is written directly.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8") as file:
            yield file
        return
    target = path.resolve()  # a link goes on pointing to its file
    draft = target.with_name(f"{target.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            yield file
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
