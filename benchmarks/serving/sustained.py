"""Minutes of load with recording on: does the memory stay flat, and do health checks get through?"""

import asyncio
import time
from collections.abc import Iterator
from itertools import count

from benchmarks.serving.bodies import SIZES, get, post, route_body
from benchmarks.serving.load import Load, keep_sending, read_status
from benchmarks.serving.server import Server

CONCURRENCY = 8
PROBE_SECONDS = 0.1
_SLICE_SECONDS = 15.0


def sustain(server: Server, minutes: float) -> None:
    """Prints a line a slice: decisions a second, /healthz p99, resident memory; then what the memory came to."""
    print(f"\nsustained load: {minutes:g} minutes, {CONCURRENCY} connections, texts of all sizes, recording on")
    numbers, memory_mb, probes_ms, n_decided = count(1), [], [], 0
    begin = time.perf_counter()
    end = time.perf_counter() + minutes * 60
    while time.perf_counter() < end:
        seconds = min(_SLICE_SECONDS, max(1.0, end - time.perf_counter()))
        load, probes = asyncio.run(_slice(server, numbers, seconds))
        memory_mb.append(server.resident_mb())
        probes_ms += probes.latencies_ms
        n_decided += len(load.latencies_ms)
        print(
            f"  {load.per_second:8.0f} decisions/s, {load.n_failed} failed; /healthz p99 "
            f"{probes.percentile_ms(0.99):6.1f} ms; {memory_mb[-1]:6.1f} MB resident",
            flush=True,
        )
    third = max(1, len(memory_mb) // 3)
    first, last = sum(memory_mb[third : 2 * third] or memory_mb) / third, sum(memory_mb[-third:]) / third
    p99_ms = sorted(probes_ms)[int(0.99 * len(probes_ms))]
    print("  resident MB over time: " + " ".join(f"{megabytes:.0f}" for megabytes in memory_mb))
    print(f"  memory, second third to last third: {first:.1f} to {last:.1f} MB ({last / first - 1:+.1%})")
    print(f"  {n_decided / (time.perf_counter() - begin):.0f} decisions/s over all (goal 1000)")
    print(f"  /healthz p99 over all: {p99_ms:.1f} ms (goal 50)")


async def _slice(server: Server, numbers: Iterator[int], seconds: float) -> tuple[Load, Load]:
    load, probes = Load(), Load()
    end = time.perf_counter() + seconds
    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENCY):
            group.create_task(_ask(server.port, numbers, end, load))
        group.create_task(_probe(server.port, end, probes))
    load.seconds = time.perf_counter() - begin
    return load, probes


async def _ask(port: int, numbers: Iterator[int], end: float, load: Load) -> None:
    """Four short texts for each long one; every third step has been there before."""

    def requests() -> Iterator[bytes]:
        while time.perf_counter() < end:
            number = next(numbers)
            size = SIZES[(0, 1, 1, 2, 3)[number % 5]]
            yield post("/route", route_body(size, number if number % 3 else number % 300))

    await keep_sending(port, requests(), load)


async def _probe(port: int, end: float, probes: Load) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < end:
        begin = time.perf_counter()
        writer.write(get("/healthz"))
        probes.n_failed += await read_status(reader) != 200
        probes.latencies_ms.append((time.perf_counter() - begin) * 1000)
        await asyncio.sleep(PROBE_SECONDS)
    writer.close()
