"""Scripted models on the steps of a log: each answers what it answered there, after the time that it took, scaled."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.decisions.cascading.answer_times import sample_times
from benchmarks.walk.courses.models import NAMES
from tierwise.data.records import Attempt, LoggedStep

TIERS = ("small", "mid", "frontier")
_TIER_OF = {name: tier for tier, names in NAMES.items() for name in names}


@dataclass(frozen=True, slots=True)
class TimedStep:
    """A logged step; ``seconds`` of a call of each tier, scaled."""

    logged: LoggedStep
    seconds: Mapping[str, float]

    @property
    def text(self) -> str:
        return self.logged.step.text

    def answer(self, tier: str) -> Attempt:
        return next(each for each in self.logged.attempts if each.tier == tier)

    def models_ms(self, asked: Sequence[str]) -> float:
        """What a call waits for its models: the slower of the cheap ones, then the top one."""
        cheap = max((self.seconds[tier] for tier in asked if tier != TIERS[-1]), default=0.0)
        return 1000 * (cheap + (self.seconds[TIERS[-1]] if TIERS[-1] in asked else 0.0))


def timed_steps(steps: Sequence[LoggedStep], assumed: float, scale: float) -> list[TimedStep]:
    """Small's and mid's times as the sample log has them, the top tier's ``assumed`` times one of mid's."""
    rows = (sample_times(steps, assumed) * scale / 1000).tolist()
    return [TimedStep(one, dict(zip(TIERS, row, strict=True))) for one, row in zip(steps, rows, strict=True)]


@contextmanager
def timed_models(steps: Sequence[TimedStep]) -> Iterator[str]:
    """Their address, as long as they answer; they run on a thread of their own."""
    known = {one.text: one for one in steps}
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()
    thread = threading.Thread(target=loop.run_until_complete, args=(_serve(listening, known, ended),))
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()
        loop.close()


async def _serve(listening: socket.socket, known: Mapping[str, TimedStep], ended: asyncio.Event) -> None:
    open_calls: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_calls.add(task)
        try:
            await _answer(reader, writer, known)
        finally:
            writer.close()

    async with await asyncio.start_server(answer, sock=listening):
        await ended.wait()
        for task in open_calls:
            task.cancel()
        await asyncio.gather(*open_calls, return_exceptions=True)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, known: Mapping[str, TimedStep]) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower().split(b"\r\n")
            length = next(int(line[15:]) for line in head if line.startswith(b"content-length:"))
            request = json.loads(await reader.readexactly(length))
            tier, step = _TIER_OF[request["model"]], known[request["messages"][-1]["content"]]
            await asyncio.sleep(step.seconds[tier])
            content = json.dumps(_completion(request["model"], step.answer(tier))).encode()
            head_back = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n\r\n"
            writer.write(head_back.encode() + content)  # at once: two small writes wait 40 ms for each other
    except (asyncio.IncompleteReadError, ConnectionError):
        return  # the caller has left


def _completion(model: str, said: Attempt) -> dict[str, Any]:
    message = {"role": "assistant", "content": said.output or ""}
    logprobs = None
    if said.logprobs is not None:
        logprobs = {"mean": said.logprobs.mean, "min": said.logprobs.min, "n": said.logprobs.n}
    choice = {"index": 0, "message": message, "finish_reason": said.finish_reason or "stop", "logprobs": logprobs}
    usage = {"prompt_tokens": said.input_tokens or 1, "completion_tokens": said.output_tokens or 1}
    return {"id": "c-1", "object": "chat.completion", "created": 1, "model": model, "choices": [choice], "usage": usage}
