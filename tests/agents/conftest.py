"""Real servers on real sockets: the service itself, and stubs that answer whatever a test wants."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import pytest
import uvicorn

from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.decider import Decider
from tierwise.serving.app import create_app
from tierwise.serving.settings import load_settings


@dataclass(frozen=True)
class Reply:
    """What a stub answers; ``content`` bytes go out as they are, everything else as JSON."""

    content: object
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0


Answer = Callable[[str, Any], Reply]


class Stub:
    """An HTTP server that answers by ``answer(path, body)`` and remembers what it was asked.

    What a client asks in order to warm up is only counted, and takes ``warm_up_seconds``.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.requests: list[tuple[str, Any]] = []
        self.keys: list[str | None] = []
        self.n_connections = 0
        self.n_warm_ups = 0
        self.warm_up_seconds = 0.0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stub = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    stub: Stub

    def handle_error(self, *_: object) -> None:
        """A client that hung up is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.stub.n_connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = json.loads(body) if body else None
        if self.path == "/healthz":
            self.server.stub.n_warm_ups += 1
            time.sleep(self.server.stub.warm_up_seconds)
            self.reply(Reply({}))
            return
        self.server.stub.requests.append((self.path, request))
        self.server.stub.keys.append(self.headers.get("authorization"))
        reply = self.server.stub.answer(self.path, request)
        time.sleep(reply.delay_seconds)
        self.reply(reply)

    do_GET = do_POST  # noqa: N815 - the name that http.server looks for

    def reply(self, reply: Reply) -> None:
        content = reply.content if isinstance(reply.content, bytes) else json.dumps(reply.content).encode()
        self.send_response(reply.status)
        for name, value in ({"content-type": "application/json"} | reply.headers).items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def stub() -> Iterator[Callable[[Answer], Stub]]:
    """Starts a stub server."""
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(Stub(answer))


class Service:
    """The real service on a port that stays the same when it is stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.log_url = f"sqlite:///{folder}/decisions.db"
        self._folder = folder
        self._held = held_port()
        self._port = self._held.getsockname()[1]
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self, decider: Decider | None = None, **changes: object) -> None:
        known: dict[str, object] = {
            "log_url": self.log_url,
            "flush_seconds": 0.01,
            "state_folder": self._folder,
            "rules": True,
        }
        app = create_app(load_settings({}, **(known | changes)), decider)
        config = uvicorn.Config(app, host="127.0.0.1", port=self._port, log_config=None, access_log=False)
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join()
            self._server = self._thread = None

    def close(self) -> None:
        self.stop()
        self._held.close()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """The service, not yet started."""
    made = Service(tmp_path)
    yield made
    made.close()


def completion(text: str, tokens: tuple[int, int] = (100, 10), **message: object) -> Reply:
    """A chat completion as OpenAI-compatible servers answer it."""
    usage = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    answer = {"role": "assistant", "content": text, **message}
    return Reply({"choices": [{"message": answer, "finish_reason": "stop"}], "usage": usage})


@pytest.fixture
def tiers_at() -> Callable[..., TierCatalogue]:
    """Small, mid and frontier at an address: a million input tokens cost 1, 4 and 16 dollars, output twice that."""

    def make(address: str, **models: list[str]) -> TierCatalogue:
        prices = {"small": 1.0, "mid": 4.0, "frontier": 16.0}
        tiers = [
            {
                "name": name,
                "models": [
                    {
                        "name": model,
                        "base_url": f"{address}/v1",
                        "input_usd_per_mtok": usd,
                        "output_usd_per_mtok": 2 * usd,
                    }
                    for model in models.get(name, [f"{name}-1"])
                ],
            }
            for name, usd in prices.items()
        ]
        return TierCatalogue.from_mapping({"tiers": tiers})

    return make


def held_port() -> socket.socket:
    """A port of loopback on which nobody listens, kept from whoever asks the system for one while this is open.

    A server that names it may listen there.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    return held


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with held_port() as held:
        yield f"http://127.0.0.1:{held.getsockname()[1]}"
