"""Bodies of HTTP answers, read within bytes and time. What is compressed is unpacked piece by piece.

The answer is any object with ``headers`` and ``aiter_raw()``, as httpx2 has them: this layer needs no HTTP library.
Ask with :data:`PLAIN`, so that nobody has a reason to compress.
"""

import time
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from tierwise.data.foreign.errors import ForeignError, TooLargeError

PLAIN = {"accept-encoding": "identity"}
_PIECE_BYTES = 65_536
_PACKED = frozenset({"gzip", "x-gzip", "deflate"})


class Answer(Protocol):
    """An HTTP answer whose body has not been read."""

    @property
    def headers(self) -> Mapping[str, str]: ...
    def aiter_raw(self) -> AsyncIterator[bytes]: ...


async def read_body(answer: Answer, max_bytes: int, seconds: float = float("inf")) -> bytes:
    """The whole body. Raises ``TooLargeError`` as soon as it is longer, ``TimeoutError`` when it takes longer, and
    ``ForeignError`` for a compression that nobody asked for.

    The clock is looked at after every piece: a body in pieces of one byte can keep an event loop from its own timers.
    """
    ends_at, body = time.monotonic() + seconds, bytearray()
    async for piece in bounded_pieces(answer, max_bytes):
        body += piece
        if time.monotonic() > ends_at:
            raise TimeoutError
    return bytes(body)


async def bounded_pieces(answer: Answer, max_bytes: int) -> AsyncIterator[bytes]:
    """The body as it arrives, unpacked; each piece holds at most 64 kB."""
    unpacker = _unpacker(answer.headers.get("content-encoding") or "identity")
    declared = answer.headers.get("content-length") or ""
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > max_bytes):
        raise TooLargeError(f"the answer is longer than {max_bytes} bytes")
    n_bytes = 0
    async for raw in answer.aiter_raw():
        for piece in _unpacked(unpacker, raw):
            n_bytes += len(piece)
            if n_bytes > max_bytes:
                raise TooLargeError(f"the answer is longer than {max_bytes} bytes")
            yield piece


async def bounded_lines(answer: Answer, max_line_bytes: int, max_bytes: int) -> AsyncIterator[bytes]:
    """The lines of a body, without their ends. Raises as :func:`bounded_pieces` does, also for one long line."""
    parts, n_bytes = list[bytes](), 0
    async for piece in bounded_pieces(answer, max_bytes):
        head, *rest = piece.split(b"\n")
        parts.append(head)
        n_bytes += len(head)
        if n_bytes > max_line_bytes:
            raise TooLargeError(f"a line of the answer is longer than {max_line_bytes} bytes")
        if rest:
            yield b"".join(parts).removesuffix(b"\r")
            for line in rest[:-1]:
                yield line.removesuffix(b"\r")
            parts, n_bytes = [rest[-1]], len(rest[-1])
    if n_bytes:
        yield b"".join(parts).removesuffix(b"\r")


def _unpacker(encoding: str) -> "zlib._Decompress | None":
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        return None
    if encoding not in _PACKED:
        raise ForeignError("the answer is compressed in a way that was not asked for")
    return zlib.decompressobj(wbits=47)  # either header


def _unpacked(unpacker: "zlib._Decompress | None", raw: bytes) -> "list[bytes] | _Pieces":
    return [raw] if unpacker is None else _Pieces(unpacker, raw)


class _Pieces:
    """What one piece on the wire unpacks to, a thousand times as much perhaps, a little at a time."""

    def __init__(self, unpacker: "zlib._Decompress", raw: bytes) -> None:
        self._unpacker, self._raw = unpacker, raw

    def __iter__(self) -> "_Pieces":
        return self

    def __next__(self) -> bytes:
        try:
            piece = self._unpacker.decompress(self._raw, _PIECE_BYTES)
        except zlib.error as error:
            raise ForeignError(f"the answer cannot be unpacked: {error}") from None
        self._raw = self._unpacker.unconsumed_tail
        if not piece and not self._raw:
            raise StopIteration
        return piece
