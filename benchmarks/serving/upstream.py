"""A provider that answers every chat completion at once with the same few words, on a thread of its own."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_USAGE = {"prompt_tokens": 80, "completion_tokens": 4, "total_tokens": 84}
_MESSAGE = {"role": "assistant", "content": "The total is 12."}
_BODY = json.dumps(
    {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": "bench",
        "choices": [{"index": 0, "message": _MESSAGE, "finish_reason": "stop"}],
        "usage": _USAGE,
    }
).encode()
_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%s" % (len(_BODY), _BODY)


@contextmanager
def provider() -> Iterator[str]:
    """The provider's base URL, as long as it answers."""
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(asyncio.start_server(_answer, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def tiers_at(url: str, folder: Path) -> Path:
    """A tiers.toml whose tiers, those of the sample log, are all at ``url``."""
    lines: list[str] = []
    for position, tier in enumerate(("small", "mid", "frontier")):
        lines += ["[[tiers]]", f'name = "{tier}"', "[[tiers.models]]", f'name = "{tier}-1"', f'base_url = "{url}"']
        lines += [f"input_usd_per_mtok = {4**position}", f"output_usd_per_mtok = {2 * 4**position}"]
    path = folder / "tiers.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            if b"transfer-encoding: chunked" in head:
                await reader.readuntil(b"\r\n0\r\n\r\n")
            else:
                lengths = (int(line[15:]) for line in head if line.startswith(b"content-length:"))
                await reader.readexactly(next(lengths, 0))
            writer.write(_ANSWER)
    except asyncio.IncompleteReadError:
        writer.close()
