"""Models of every protocol that answer as their caller's prompt says, mostly badly. Runs as a process of its own:

    python -m tests.attacks.hostile_models

It prints its port. A prompt that holds ``<<small=nan mid=drip>>`` gets these forms from the models of these tiers, all
others answer well. ``GET /open`` tells how many calls are under way, ``GET /seen?<marker>`` how many were made of which
tier by prompts that hold the marker.
"""

import asyncio
import gzip
import json
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import unquote

from tests.attacks.hostile_answers import LOGPROBS, SAYS, WHOLE, call, calls, chat

TIERS = ("small", "mid", "frontier")
DIRECTIVE = re.compile(r"<<([^<>]*)>>")
Write = Callable[[bytes], Awaitable[None]]


def head(status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nconnection: close\r\n{more}\r\n".encode()


async def _html(write: Write, body: bytes) -> None:
    del body
    await write(head(kind="text/html") + b"<html>login</html>")


async def _plain(write: Write, body: bytes) -> None:
    await write(head(kind="text/plain; charset=utf-16") + body)


async def _redirect(write: Write, body: bytes) -> None:
    await write(head("302 Found", more="location: http://127.0.0.1:1/x\r\n") + body)


async def _nocontent(write: Write, body: bytes) -> None:
    del body
    await write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def _half(write: Write, body: bytes) -> None:
    await write(head(more=f"content-length: {len(body) + 50}\r\n") + body[: len(body) // 2])


async def _quiet(write: Write, body: bytes) -> None:
    del write, body
    await asyncio.sleep(60)


async def _drip(write: Write, body: bytes) -> None:
    await write(head(more="content-length: 100000\r\n"))
    for place in range(600):
        await write(body[place : place + 1] or b" ")
        await asyncio.sleep(0.1)


async def _endless(write: Write, body: bytes) -> None:
    del body
    await write(head())
    while True:
        await write(b'[{"a": "' + b"b" * 50_000 + b'"},')


async def _bomb(write: Write, body: bytes) -> None:
    packed = _packed(body)
    await write(head(more=f"content-encoding: gzip\r\ncontent-length: {len(packed)}\r\n") + packed)


@cache
def _packed(body: bytes) -> bytes:
    return gzip.compress(body[:-1] + b" " * (64 * 2**20) + b"}", compresslevel=1)


async def _headers(write: Write, body: bytes) -> None:
    more = "".join(f"x-ratelimit-{i}: \xe9{i}\r\n" for i in range(50)) + "x-request-id: a\xff\r\nretry-after: nan\r\n"
    await write(head(more=more).decode().encode("latin-1") + body)


async def _manyheaders(write: Write, body: bytes) -> None:
    await write(head(more="".join(f"x-ratelimit-{i}: {'b' * 500}\r\n" for i in range(5_000))) + body)


async def _away(write: Write, body: bytes) -> None:
    del body
    await write(head("429 Slow", more="retry-after: 86400\r\n") + b'{"error": {"message": 5}}')


async def _callers(write: Write, body: bytes) -> None:
    del body
    await write(head("400 Bad", more="") + b'{"error": {"message": "your fault", "type": "invalid_request_error"}}')


async def _denied(write: Write, body: bytes) -> None:
    del body
    await write(head("401 No") + b"\xff\xfe not json")


async def _garbage(write: Write, body: bytes) -> None:
    del body
    await write(b"\x00\xffSSH-2.0\r\n\r\n")


async def _shut(write: Write, body: bytes) -> None:
    del write, body


WAYS: dict[str, Callable[[Write, bytes], Awaitable[None]]] = {
    way.__name__.removeprefix("_"): way
    for way in (
        _html, _plain, _redirect, _nocontent, _half, _quiet, _drip, _endless, _bomb, _headers, _manyheaders, _away, _callers, _denied,
        _garbage, _shut,
    )
}  # fmt: skip
FORMS = (*WHOLE, *WAYS)


def _as_stream(answer: Any) -> bytes:
    try:
        message = answer["choices"][0]["message"]
        pieces = [{"delta": message, "finish_reason": None}, {"delta": {}, "finish_reason": "stop"}]
    except (TypeError, KeyError, IndexError):
        return f"data: {json.dumps(answer)}\n\n".encode()
    chunks = [{"id": "c", "choices": [{"index": 0, **piece}]} for piece in pieces]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


def _prompt(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"]).partition("?")[2].split()[0]


def _planted(form: str, text: str) -> bytes:
    """An answer, a call or a refusal of which every part is ``text``."""
    if form == "planterror":
        body = {"error": {"message": text, "type": text, "code": text, "param": text}}
        return head("400 Bad", more=f"x-request-id: {text}\r\n") + json.dumps(body).encode()
    found = (
        calls(call(json.dumps({"n": text}), text), content=text) if form == "plantedcall" else chat(text, finish=text)
    )
    found |= {"id": text, "model": text, "system_fingerprint": text, "service_tier": text, text: text}
    return head(more=f"x-request-id: {text}\r\n") + json.dumps(found).encode()


class _Models:
    def __init__(self) -> None:
        self.n_open = 0
        self.seen: list[tuple[str, str]] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", rest)
            raw = await reader.readexactly(int(length.group(1)) if length else 0)
            path = request.split()[1].decode()
            if path.startswith(("/open", "/seen")):
                marker = unquote(path.partition("?")[2])
                counts = Counter(tier for tier, text in self.seen if marker in text)
                told: Any = {"open": self.n_open} if path.startswith("/open") else dict(counts)
                writer.write(head() + json.dumps(told).encode())
                await writer.drain()
                return
            if path.endswith("/embeddings"):
                writer.write(head() + b'{"object": "list", "data": [{"index": 0, "embedding": [0.5]}]}')
                await writer.drain()
                return
            await self._answer(reader, writer, raw)
        except (OSError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, raw: bytes) -> None:
        body = json.loads(raw)
        tier = str(body["model"]).removesuffix("-1")
        self.seen.append(
            (tier, raw[-2_000:].decode("utf-8", "replace") if len(raw) > 4_000 else raw.decode("utf-8", "replace"))
        )
        found = DIRECTIVE.search(json.dumps(body.get("messages"), ensure_ascii=False)[-5_000:])
        pairs = dict(pair.split("=") for pair in (found.group(1).split() if found else ()))
        form = pairs.get(tier, "")
        seconds = float(pairs.get(f"{tier}-wait", 0))
        says = pairs.get("say")
        if form.startswith("plant"):  # the prompt comes back wherever an answer has a place for a text
            self.n_open += 1
            try:
                writer.write(_planted(form, _prompt(body)))
                await writer.drain()
            finally:
                self.n_open -= 1
            return
        answer = WHOLE[form]() if form in WHOLE else chat(SAYS[tier] if says is None else f"{says} {tier}")
        if body.get("logprobs") and form not in WHOLE:
            answer["choices"][0]["logprobs"] = LOGPROBS
        is_stream = bool(body.get("stream"))
        content = _as_stream(answer) if is_stream else json.dumps(answer).encode()

        async def write(piece: bytes) -> None:
            writer.write(piece)
            await writer.drain()

        self.n_open += 1
        work = asyncio.ensure_future(self._write(form, write, content, is_stream, seconds))
        gone = asyncio.ensure_future(reader.read(1))  # a caller who hangs up
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
            self.n_open -= 1

    async def _write(self, form: str, write: Write, content: bytes, is_stream: bool, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if form in WAYS:
            await WAYS[form](write, content)
            return
        kind = "text/event-stream" if is_stream else "application/json"
        await write(head(kind=kind, more="" if is_stream else f"content-length: {len(content)}\r\n") + content)


async def main() -> None:
    server = await asyncio.start_server(_Models().serve, "127.0.0.1", 0, limit=2**26, backlog=1_024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    sys.setrecursionlimit(10_000)
    asyncio.run(main())
