"""One call of the system for an answer instead of two: its head is sent together with what follows at once."""

import asyncio
from typing import Any

_BEGIN, _END = b"HTTP/1.1 ", b"\r\n\r\n"


class JoinedWrites:
    """A transport that holds the head of an answer back until its body is written, or until the loop's next turn.

    Each call of the system may wake the reader on the other side; two cost a small answer more than its making.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def write(self, data: bytes) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._transport.writelines((held, data) if data else (held,))
        elif data.startswith(_BEGIN) and data.endswith(_END):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._transport.write(held)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the transport's own."""
        return getattr(self._transport, name)
