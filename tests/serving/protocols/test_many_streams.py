"""Two hundred streams at once in each protocol, from providers of all three: everybody hears their own answer, memory
stays flat, and where the provider is killed in the middle everybody hears of it in their own protocol's words."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from tests.strict_stub.callers import PATHS, Heard, hear_stream, request

pytestmark = pytest.mark.slow
N_STREAMS, N_ROUNDS = 200, 5
GROWN_BYTES = 20_000_000  # of 600 streams: 33 kB left by each
OPEN_BYTES = 100_000_000
UPSTREAMS = tuple(PATHS)
TOGETHER, NEVER = f"together-{N_STREAMS}", f"together-{N_STREAMS + 1}"
MODEL = """
[[tiers.models]]
name = "{name}+{protocol}"
base_url = "{url}"
protocols = ["{protocol}"]
input_usd_per_mtok = 1
output_usd_per_mtok = 2
"""
BEGUN = {"chat": b'"content":', "responses": b"output_text.delta", "messages": b"text_delta"}


@pytest.fixture
def provider() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The strict stub in a process that can be killed, and its address."""
    command = [sys.executable, "-m", "tests.strict_stub.server"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
    assert process.stdout is not None
    yield process.stdout.readline().strip(), process
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.fixture
def service(launch: Callable[..., Any], provider: tuple[str, Any], tmp_path: Path) -> Any:
    """The service in a process of its own. Streams of its models wait for each other, of ``NEVER`` for one too many."""
    names = (TOGETHER, NEVER)
    models = [MODEL.format(name=name, protocol=each, url=provider[0]) for name in names for each in UPSTREAMS]
    lines = ['[[tiers]]\nname = "small"', *models, '[[tiers]]\nname = "frontier"']
    (tmp_path / "tiers.toml").write_text("\n".join(lines), encoding="utf-8")
    return launch(tiers=tmp_path / "tiers.toml", log_level="error", flush_seconds=0.05, state_folder=tmp_path)


def text_of(number: int) -> str:
    return f"number {number}: " + " ".join(str(number + each) for each in range(12))


async def streams(
    address: str, caller: str, name: str, begun: Callable[[int], None] = lambda _: None
) -> list[tuple[Heard, str]]:
    """What each of the callers heard and the id of its decision; ``begun`` hears how many have content."""
    n_begun = 0

    async def one(client: httpx2.AsyncClient, number: int) -> tuple[Heard, str]:
        nonlocal n_begun
        model = f"{name}+{UPSTREAMS[number % len(UPSTREAMS)]}"
        body = request(caller, text_of(number), model=model, stream=True)
        got, is_begun = b"", False
        async with client.stream("POST", PATHS[caller], json=body) as response:
            assert response.status_code == 200
            async for piece in response.aiter_bytes():
                got += piece
                if not is_begun and BEGUN[caller] in got:
                    is_begun, n_begun = True, n_begun + 1
                    begun(n_begun)
        return hear_stream(caller, got.decode()), response.headers["x-tierwise-decision-id"]

    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(base_url=address, limits=limits, timeout=120) as client:
        return await asyncio.gather(*(one(client, number) for number in range(N_STREAMS)))


@pytest.mark.parametrize("caller", PATHS)
def test_everybody_hears_their_own_answer_and_memory_stays_flat(service: Any, stored: Any, caller: str) -> None:
    process = psutil.Process(service.process.pid)
    idle, open_bytes, after = process.memory_info().rss, [], []

    def measure(n_begun: int) -> None:
        if n_begun == N_STREAMS:
            open_bytes.append(process.memory_info().rss)

    for _ in range(N_ROUNDS):
        found = asyncio.run(streams(service.address, caller, TOGETHER, measure))
        assert [heard.text for heard, _ in found] == [f"You said: {text_of(n)}" for n in range(N_STREAMS)]
        assert {heard.error for heard, _ in found} == {""}
        after.append(process.memory_info().rss)
    assert len(open_bytes) == N_ROUNDS
    assert max(open_bytes) - idle < OPEN_BYTES
    assert after[-1] - after[1] < GROWN_BYTES, [each // 1_000_000 for each in after]
    with httpx2.Client(base_url=service.address) as client:
        outcomes = [stored(client, decision_id)["outcomes"] for _, decision_id in found]
    assert {(len(each), each[0]["status"], each[0].get("error")) for each in outcomes} == {(1, 200, None)}


@pytest.mark.parametrize("caller", PATHS)
def test_a_killed_provider_is_everybodys_own_well_formed_error(
    service: Any, stored: Any, provider: tuple[str, subprocess.Popen[str]], caller: str
) -> None:
    def kill(n_begun: int) -> None:
        if n_begun == N_STREAMS:
            provider[1].kill()

    found = asyncio.run(streams(service.address, caller, NEVER, kill))
    assert {heard.error for heard, _ in found} == {"the provider broke off in the middle of its answer"}
    with httpx2.Client(base_url=service.address) as client:
        outcomes = [stored(client, decision_id)["outcomes"] for _, decision_id in found]
        told = {(len(each), each[0]["status"], each[0]["error"], each[0].get("success")) for each in outcomes}
        assert told == {(1, 502, "broken_connection", None)}
        answer = client.post(PATHS[caller], json=request(caller, "hi", model=f"{TOGETHER}+chat"))
        assert answer.status_code == 502
        assert client.get("/healthz").status_code == 200
    os.kill(service.process.pid, 0)  # it is still there
