"""Heads and bodies of answers leave together, in order, and nothing stays behind."""

import asyncio

import pytest

from tierwise.serving.joined import JoinedWrites

HEAD, BODY = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n", b"body"


class Calls(asyncio.Transport):
    """What a transport is told to send, one entry a call."""

    def __init__(self) -> None:
        super().__init__({"peername": "somebody"})
        self.calls: list[bytes] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.calls.append(bytes(data))

    def writelines(self, parts: object) -> None:
        self.calls.append(b"".join(parts))  # type: ignore[call-overload]

    def close(self) -> None:
        self.calls.append(b"<closed>")


async def sent(*parts: bytes, turns: int = 0) -> list[bytes]:
    calls = Calls()
    joined = JoinedWrites(calls, asyncio.get_running_loop())
    for part in parts:
        joined.write(part)
        for _ in range(turns):
            await asyncio.sleep(0)
    joined.close()
    await asyncio.sleep(0)
    return calls.calls


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((HEAD, BODY), [HEAD + BODY, b"<closed>"]),
        ((HEAD, b""), [HEAD, b"<closed>"]),
        ((HEAD,), [HEAD, b"<closed>"]),
        ((BODY, BODY), [BODY, BODY, b"<closed>"]),
        ((HEAD, BODY, BODY, HEAD, BODY), [HEAD + BODY, BODY, HEAD + BODY, b"<closed>"]),
    ],
)
def test_a_head_leaves_with_its_body_and_before_the_end(parts: tuple[bytes, ...], expected: list[bytes]) -> None:
    assert asyncio.run(sent(*parts)) == expected


def test_a_head_waits_for_no_body_that_comes_later() -> None:
    assert asyncio.run(sent(HEAD, BODY, turns=2)) == [HEAD, BODY, b"<closed>"]


def test_everything_else_is_the_transports_own() -> None:
    async def peer() -> object:
        return JoinedWrites(Calls(), asyncio.get_running_loop()).get_extra_info("peername")

    assert asyncio.run(peer()) == "somebody"
