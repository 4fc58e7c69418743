"""Lines of foreign files: none is read into memory that is longer than a limit, also when it comes out of gzip."""

from collections.abc import Iterator
from typing import IO

from tierwise.data.foreign.errors import TooLargeError
from tierwise.data.foreign.limits import MAX_LINE_CHARS

_CHUNK_CHARS = 1 << 20


def bounded_lines(file: IO[str], max_chars: int = MAX_LINE_CHARS) -> Iterator[str | TooLargeError]:
    """The lines of a text file; an error stands where one is longer than ``max_chars``, and the next line follows."""
    while line := file.readline(max_chars + 1):
        if len(line) <= max_chars or line.endswith("\n"):
            yield line
            continue
        n_chars = len(line)
        while (rest := file.readline(_CHUNK_CHARS)) and not rest.endswith("\n"):
            n_chars += len(rest)
        yield TooLargeError(f"the line has more than {max_chars} characters")
