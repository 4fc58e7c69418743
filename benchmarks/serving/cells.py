"""The table: /route against /healthz of the same server, slice by slice in turns, so that a busy machine hits both."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from statistics import median

from benchmarks.serving.bodies import SIZES, Size, get, post, route_body
from benchmarks.serving.load import Load, run_load
from benchmarks.serving.server import Server

CONCURRENCIES = (1, 8, 32)
N_WARM = 50
_HEALTHZ = get("/healthz")
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Cell:
    """One kind of request at one concurrency; medians over the slices. ``ratio``: its CPU over that of /healthz."""

    name: str
    concurrency: int
    cpu_ms: float
    ratio: float
    p50_ms: float
    p99_ms: float
    per_second: float
    n_failed: int


def measure(server: Server, n_requests: int, n_slices: int) -> Iterator[Cell]:
    """/healthz, then every size, not seen before (miss) and seen before (hit), at every concurrency."""
    run_load(server, [_HEALTHZ] * N_WARM + [post("/route", route_body(SIZES[0], -n)) for n in range(N_WARM)], 1)
    for concurrency in CONCURRENCIES:
        healthz = [run_load(server, [_HEALTHZ] * n_requests, concurrency) for _ in range(n_slices)]
        yield _cell("/healthz", concurrency, healthz, healthz)
        for size in SIZES:
            for is_hit in (False, True):
                name = f"/route, {size.name}, {'hit' if is_hit else 'miss'}"
                pairs = [_pair(server, size, is_hit, n_requests, concurrency) for _ in range(n_slices)]
                yield _cell(name, concurrency, [route for route, _ in pairs], [echo for _, echo in pairs])


def _pair(server: Server, size: Size, is_hit: bool, n_requests: int, concurrency: int) -> tuple[Load, Load]:
    numbers = [0] * n_requests if is_hit else [next(_numbers) for _ in range(n_requests)]
    requests = [post("/route", route_body(size, number)) for number in numbers]
    return run_load(server, requests, concurrency), run_load(server, [_HEALTHZ] * n_requests, concurrency)


def _cell(name: str, concurrency: int, loads: list[Load], echoes: list[Load]) -> Cell:
    return Cell(
        name=name,
        concurrency=concurrency,
        cpu_ms=median(load.cpu_ms for load in loads),
        ratio=median(load.cpu_ms / echo.cpu_ms for load, echo in zip(loads, echoes, strict=True)),
        p50_ms=median(load.percentile_ms(0.5) for load in loads),
        p99_ms=median(load.percentile_ms(0.99) for load in loads),
        per_second=median(load.per_second for load in loads),
        n_failed=sum(load.n_failed for load in loads),
    )
