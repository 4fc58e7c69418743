"""LiteLLM's proxy in front of the gateway and behind it, and with our hook inside."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.clients.conftest import FOLDER, SECONDS, Gateway, serving
from tests.strict_stub.callers import PATHS, events, hear, request, with_results

PROGRAMS = Path(__file__).parent / "programs"
KEY = "sk-0123456789abcdef0123456789abcdef"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ENTRY = """
  - model_name: {name}
    litellm_params: {{model: openai/{name}, api_base: "{url}", api_key: {key}}}"""


@pytest.fixture
def start_proxy(home: Path, tmp_path: Path) -> Iterator[Callable[..., httpx2.Client]]:
    """Starts the proxy with a configuration and gives a client of it; keywords are environment variables."""
    program = Path(FOLDER or "") / "litellm" / "bin" / "litellm"
    if not FOLDER or not program.exists():
        pytest.skip("TIERWISE_TEST_CLIENTS names no folder with LiteLLM; run: make test-clients")
    with ExitStack() as stack:

        def start(config: str, **environment: str) -> httpx2.Client:
            path = tmp_path / "proxy.yaml"
            path.write_text(config, encoding="utf-8")
            port = free_port()
            known = {"PATH": os.environ["PATH"], "HOME": str(home), "LITELLM_MASTER_KEY": KEY}
            command = [str(program), "--config", str(path), "--host", "127.0.0.1", "--port", str(port)]
            log = stack.enter_context((tmp_path / "proxy.log").open("w"))
            process = subprocess.Popen(
                command,
                env={
                    **known,
                    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
                    "DO_NOT_TRACK": "1",
                    "PYTHONUNBUFFERED": "1",
                    **environment,
                },
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            stack.callback(stop, process)
            headers = {"authorization": f"Bearer {KEY}"}
            client = stack.enter_context(
                httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60)
            )
            wait_for(client, process, tmp_path / "proxy.log")
            return client

        yield start


def test_in_front_and_behind(gateway: Gateway, protocol: str, start_proxy: Any, tmp_path: Path) -> None:
    """A loop of tools, streamed, with another tier for each turn: the proxy asks the gateway for ``auto``, and another
    gateway has the proxy's models for its tiers."""
    models = [ENTRY.format(name=name, url=gateway.stub.url, key="unused") for name in ("small-1", "frontier-1")]
    auto = ENTRY.format(name="auto", url=f"{gateway.url}/v1", key="unused")
    proxy = start_proxy("model_list:" + auto + "".join(models))
    assert [each["id"] for each in proxy.get("/v1/models").json()["data"]] == ["auto", "small-1", "frontier-1"]

    first, _ = loop(proxy, "chat")
    assert first.headers["llm_provider-x-tierwise-tier"] == "frontier"
    for caller in ("responses", "messages"):
        assert hear(caller, proxy.post(PATHS[caller], json=request(caller, "hi")).json()).text == "You said: hi"
    assert gateway.models() == ["frontier-1", "small-1", "frontier-1", "frontier-1"]
    check(gateway.recorded(4), 4)

    gateway.stub.seen.clear()
    with serving(tmp_path / "front", f"{str(proxy.base_url).rstrip('/')}/v1", protocol, gateway.stub, KEY) as front:
        with httpx2.Client(base_url=front.url, timeout=60) as client:
            for caller in PATHS:
                loop(client, caller)
        assert front.models() == ["frontier-1", "small-1"] * len(PATHS)
        check(front.recorded(6), 6)


def test_the_hook_inside(gateway: Gateway, start_proxy: Any, tmp_path: Path) -> None:
    """The proxy decides with our hook, in every protocol that it speaks, and tells its callers the decisions."""
    (tmp_path / "litellm_hook.py").write_text((PROGRAMS / "litellm_hook.py").read_text(encoding="utf-8"))
    names = ("auto", "small-1", "frontier-1")
    models = [ENTRY.format(name=name, url=gateway.stub.url, key="unused") for name in names]
    tiers = {"TIERWISE_URL": gateway.url, "TIERWISE_TIERS": str(tmp_path / "gateway" / "tiers.toml")}
    proxy = start_proxy("litellm_settings: {callbacks: litellm_hook.hook}\nmodel_list:" + "".join(models), **tiers)
    assert "auto" in [each["id"] for each in proxy.get("/v1/models").json()["data"]]
    answers = [(caller, answer) for caller in PATHS for answer in loop(proxy, caller)]
    assert [caller for caller, answer in answers if "x-tierwise-decision-id" not in answer.headers] == []
    ids = {answer.headers["x-tierwise-decision-id"] for _, answer in answers}
    assert gateway.models() == ["frontier-1", "small-1"] * len(PATHS)
    recorded = gateway.recorded(6)
    assert {each["step_id"] for each in recorded} == ids
    attempts = [attempt for each in recorded for attempt in each["attempts"]]
    assert len(attempts) == len(ids) == 6
    assert all(attempt.input_tokens and attempt.cost_usd and attempt.error is None for attempt in attempts)


def loop(client: httpx2.Client, caller: str) -> tuple[httpx2.Response, httpx2.Response]:
    """A call of a tool, and the stream that answers its result."""
    body = request(caller, "Weather?", tools={"weather": CITY})
    first = client.post(PATHS[caller], json=body)
    assert first.status_code == 200, first.text
    turn = with_results(caller, body, hear(caller, first.json()), "sunny")
    answer = client.post(PATHS[caller], json={**turn, "stream": True})
    assert said(caller, answer.text) == "You said: sunny"
    return first, answer


def said(caller: str, stream: str) -> str:
    """LiteLLM leaves fields of chunks out that OpenAI sends empty, and numbers the events of Responses its own way."""
    deltas = {
        "chat": lambda event: "".join(each["delta"].get("content") or "" for each in event["choices"]),
        "responses": lambda event: event["delta"] if event["type"] == "response.output_text.delta" else "",
        "messages": lambda event: event["delta"].get("text", "") if event["type"] == "content_block_delta" else "",
    }
    return "".join(deltas[caller](event) for _, event in events(stream) if event != "[DONE]")


def check(recorded: list[dict[str, Any]], n: int) -> None:
    """Every call left its decision and one good outcome, with tokens and cost."""
    attempts = [attempt for each in recorded for attempt in each["attempts"]]
    assert [attempt.extra["status"] for attempt in attempts] == [200] * n
    assert all(attempt.input_tokens and attempt.cost_usd for attempt in attempts)


def wait_for(client: httpx2.Client, process: subprocess.Popen[bytes], log: Path) -> None:
    """A proxy that has begun to listen may not answer the first who ask."""
    deadline = time.monotonic() + 2 * SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(httpx2.TransportError):
            if client.get("/health/liveliness", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise AssertionError(f"LiteLLM's proxy did not start: {log.read_text(encoding='utf-8')[-2000:]}")


def stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])
