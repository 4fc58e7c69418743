"""A closed loop over keep-alive connections: each sends its next request when the last one is answered."""

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks.serving.server import Server


@dataclass(slots=True)
class Load:
    """What one run of requests came to. Latencies are milliseconds; ``n_failed`` counts answers other than 200."""

    latencies_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    n_failed: int = 0

    @property
    def per_second(self) -> float:
        return len(self.latencies_ms) / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Processor time of the server for one request, recording included."""
        return self.cpu_seconds * 1000 / len(self.latencies_ms)

    def percentile_ms(self, share: float) -> float:
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def run_load(server: Server, requests: Iterable[bytes], concurrency: int, per_second: float | None = None) -> Load:
    """Sends all requests over ``concurrency`` connections and waits until the server has settled.

    Each connection sends its next request when the last one is answered, or at ``per_second``.
    """
    load = Load()
    cpu, begin = server.cpu_seconds(), time.perf_counter()
    asyncio.run(_send_all(server.port, iter(requests), concurrency, load, per_second))
    load.seconds = time.perf_counter() - begin
    server.settle()
    load.cpu_seconds = server.cpu_seconds() - cpu
    return load


async def _send_all(
    port: int, requests: Iterator[bytes], concurrency: int, load: Load, per_second: float | None
) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(concurrency):
            group.create_task(keep_sending(port, requests, load, per_second))


async def keep_sending(port: int, requests: Iterator[bytes], load: Load, per_second: float | None = None) -> None:
    """One connection: sends ``requests`` one after the other, or at ``per_second``, and notes each in ``load``."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        begin = time.perf_counter()
        writer.write(request)
        status = await read_status(reader)
        load.latencies_ms.append((time.perf_counter() - begin) * 1000)
        load.n_failed += status != 200
        if per_second is not None:
            await asyncio.sleep(max(0.0, 1 / per_second - (time.perf_counter() - begin)))
    writer.close()


async def read_status(reader: asyncio.StreamReader) -> int:
    """Reads one answer to its end and returns its status."""
    head = await reader.readuntil(b"\r\n\r\n")
    fields = head.lower().split(b"\r\n")
    length = next(int(line[15:]) for line in fields if line.startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head[9:12])
