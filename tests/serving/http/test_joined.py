"""Heads wait for what follows at once, and for nothing longer."""

import asyncio
import socket
from collections.abc import Callable

import pytest

from tierwise.serving.http.joined import JoinedWrites

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"


async def _sent(work: Callable[[JoinedWrites], None]) -> bytes:
    """What the other side of a real connection reads until it is closed."""
    ours, theirs = socket.socketpair()
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
    reader, writer = await asyncio.open_connection(sock=theirs)
    joined = JoinedWrites(transport, loop)
    work(joined)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    joined.close()
    found = await reader.read()
    writer.close()
    await writer.wait_closed()
    return found


@pytest.mark.parametrize(
    "pieces",
    [
        [HEAD, b"body"],
        [HEAD, b""],
        [HEAD],
        [HEAD, b"bo", b"dy"],
        [HEAD, HEAD, b"body"],
        [b"HTTP/1.1 100 Continue\r\n\r\n", HEAD, b"body"],
        [b"data: no head\n\n"],
        [b"HTTP/1.1 without an end"],
        [],
    ],
)
def test_all_bytes_arrive_in_order(pieces: list[bytes]) -> None:
    def work(joined: JoinedWrites) -> None:
        for piece in pieces:
            joined.write(piece)

    assert asyncio.run(_sent(work)) == b"".join(pieces)


def test_a_head_that_is_closed_upon_is_sent() -> None:
    def work(joined: JoinedWrites) -> None:
        joined.write(HEAD)
        joined.close()

    assert asyncio.run(_sent(work)) == HEAD


def test_a_head_alone_does_not_wait_for_its_body() -> None:
    """A stream's head is sent in the loop's next turn, though its first event may be seconds away."""

    async def read_head() -> bytes:
        ours, theirs = socket.socketpair()
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, ours)
        reader, writer = await asyncio.open_connection(sock=theirs)
        joined = JoinedWrites(transport, loop)
        joined.write(HEAD)
        found = await reader.readexactly(len(HEAD))
        joined.close()
        writer.close()
        await writer.wait_closed()
        return found

    assert asyncio.run(asyncio.wait_for(read_head(), 30)) == HEAD


def test_head_and_body_leave_in_one_call() -> None:
    class Counting:
        """Counts what reaches the transport."""

        def __init__(self) -> None:
            self.calls: list[bytes] = []

        def write(self, data: bytes) -> None:
            self.calls.append(data)

        def writelines(self, data: tuple[bytes, ...]) -> None:
            self.calls.append(b"".join(data))

    async def work() -> list[bytes]:
        counting = Counting()
        joined = JoinedWrites(counting, asyncio.get_running_loop())  # type: ignore[arg-type]
        joined.write(HEAD)
        joined.write(b"body")
        await asyncio.sleep(0)
        return counting.calls

    assert asyncio.run(work()) == [HEAD + b"body"]
