"""A server that answers as badly as it can, in every way that an answer can be bad. Runs as a process of its own:

    python tests/attacks/hostile_server.py [good answer as JSON]

It prints its port. The n-th request gets the n-th form, over and over, each time with another seed; a request may ask
for one with the header ``x-form``.
"""

import asyncio
import gzip
import itertools
import json
import random
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

DECISION: dict[str, Any] = {
    "decision_id": "d-1", "tier": "small", "model": None, "p_success": {"small": 0.9}, "expected_cost_usd": {"small": 1e-4},
    "policy": "rules", "router_version": "rules", "arm": "rules", "propensity": 1.0, "fallback": False,
    "reason": {"code": "x", "text": "y"}, "latency_ms": 1.0,
}  # fmt: skip
GOOD: dict[str, Any] = json.loads(sys.argv[1]) if __name__ == "__main__" and len(sys.argv) > 1 else DECISION
ODD: list[Any] = [
    5, -1, 0, 1e308, -1e308, 10**400, True, None, "", "x" * 100_000, "\ud83d", [], [[]], {}, {"a": {"b": []}}, [None] * 1000,
    float("nan"), float("inf"), "NaN", "2026", {"small": "x"}, {"": 1}, [{"message": None}], [{"message": {"content": [5]}}],
]  # fmt: skip
BIG_BYTES = 64 * 2**20
PIECE = b"[[]," * 16_384

Form = Callable[[asyncio.StreamWriter, random.Random], Awaitable[None]]


async def send(writer: asyncio.StreamWriter, body: bytes, status: str = "200 OK", headers: str = "") -> None:
    head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{headers}\r\n"
    writer.write(head.encode() + body)
    await writer.drain()


async def pour(writer: asyncio.StreamWriter, pieces: AsyncIterator[bytes]) -> None:
    """A chunked body."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n")
    async for piece in pieces:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")


def one_odd_field(raw: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    """The good answer with one value, wherever it stands, made odd."""
    copy = json.loads(json.dumps(raw))
    node: Any = copy
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        if not keys:
            return copy
        key = draw.choice(keys)
        if isinstance(node[key], dict | list) and node[key] and draw.random() < 0.7:
            node = node[key]
            continue
        node[key] = draw.choice(ODD)
        return copy


async def odd(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    await send(writer, json.dumps(one_odd_field(GOOD, draw)).encode())


async def extra(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    await send(
        writer,
        json.dumps(
            GOOD | {draw.choice(["explanation", "explanation_figures", "model", "usage"]): draw.choice(ODD)}
        ).encode(),
    )


async def digits(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    text = json.dumps(GOOD).replace("1.0", "9" * draw.choice([400, 4_000, 40_000]))
    await send(writer, text.encode())


async def big(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    size = draw.choice([2**20, 2**24])
    await send(writer, PIECE * (size // len(PIECE)))


async def biggest(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    del draw
    writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {BIG_BYTES}\r\n\r\n".encode())
    for _ in range(BIG_BYTES // len(PIECE)):
        writer.write(PIECE)
        await writer.drain()


async def endless(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    piece = draw.choice([b"[", b"[[],", b" ", b'"a":{', b"data: {}\n\n"]) * 1_000

    async def pieces() -> AsyncIterator[bytes]:
        while True:
            yield piece

    await pour(writer, pieces())


async def crumbs(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    """Chunks of one byte, as fast as they go."""
    del draw
    writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"1\r\n[\r\n" * 5_000)
        await writer.drain()


async def drip(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n{'x-a: b' if draw.random() < 0.5 else ''}".encode()
    for i in range(len(head) + 500):
        writer.write(head[i : i + 1] or b"{")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silent(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    del writer, draw
    await asyncio.sleep(5)


async def headers(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    del draw
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"x-a: " + b"b" * 8_000 + b"\r\n")
        await writer.drain()


async def interim(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    del draw
    while True:
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 500)
        await writer.drain()


async def deep(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    n = draw.choice([90, 200, 5_000, 60_000])
    opening, closing = draw.choice([("[", "]"), ('{"a":', "}")])
    await send(writer, (opening * n + "1" + closing * n).encode())


async def bomb(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    packed = gzip.compress(b" " * (8 * 2**20) + b"{}")
    await send(
        writer, packed, headers=f"content-encoding: {draw.choice(['gzip', 'deflate', 'br', 'zstd', 'gzip, gzip'])}\r\n"
    )


async def status(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    code = draw.choice(
        ["204 No Content", "302 Found", "304 Not Modified", "400 Bad", "418 T", "500 X", "529 Y", "999 Z"]
    )
    await send(
        writer,
        b"" if code[:3] in ("204", "304") else json.dumps(GOOD).encode(),
        code,
        "location: http://127.0.0.1:1/\r\n",
    )


async def later(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    wait = draw.choice(["86400", "nan", "inf", "-5", "1e400", "Wed, 21 Oct 2099 07:28:00 GMT", "\u00b2"])
    await send(writer, b"{}", draw.choice(["429 Slow", "503 Away"]), f"retry-after: {wait}\r\n")


async def garbage(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    writer.write(
        draw.choice(
            [b"\x00\xff\xfe", b"HTTP/9.9 abc\r\n\r\n", b"HTTP/1.1 200\r\n\r\n{", b"\r\n" * 1000, b"SSH-2.0-x\r\n"]
        )
    )
    await writer.drain()


async def cut(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    body = json.dumps(GOOD).encode()
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n" + body[: draw.randrange(len(body))])
    await writer.drain()


async def no_text(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    await send(
        writer,
        draw.choice(
            [b"", b"null", b"NaN", b"\xff\xfe{}", b"{", b"'x'", b"[1,2", b'{"a":"\\ud83d"}', b"\xef\xbb\xbf{}"]
        ),
    )


async def hang_up(writer: asyncio.StreamWriter, draw: random.Random) -> None:
    del draw
    writer.close()


FORMS: dict[str, Form] = {
    form.__name__: form
    for form in (
        odd, extra, digits, big, biggest, endless, crumbs, drip, silent, headers, interim, deep, bomb, status, later, garbage, cut,
        no_text, hang_up,
    )
}  # fmt: skip
QUICK = tuple(
    name
    for name in FORMS
    if name not in ("biggest", "endless", "crumbs", "drip", "silent", "headers", "interim", "big")
)


async def main() -> None:
    numbers, quick = itertools.count(), itertools.cycle(QUICK)
    slow = itertools.cycle([name for name in FORMS if name not in QUICK])

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:] if b": " in line)
            await reader.readexactly(int(fields.get(b"content-length", b"0")))
            number = next(numbers)
            asked = fields.get(b"x-form", b"").decode()
            name = asked or (next(slow) if number % 20 == 0 else next(quick))
            await asyncio.wait_for(FORMS[name](writer, random.Random(number)), 20)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=2**26)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
