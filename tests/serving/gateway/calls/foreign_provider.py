"""A stub provider that answers the small model as a test says; the model of the next tier answers well."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

PATH = "/v1/chat/completions"
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
USAGE = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
GOOD = '{"n": 40}'


@dataclass(slots=True)
class Provider:
    """``says(body)`` gives a status and what is sent: a mapping, bytes, or a list of events of a stream."""

    url: str = ""
    says: Callable[[dict[str, Any]], tuple[int, Any]] = lambda _: (500, {})
    seen: list[dict[str, Any]] = field(default_factory=list)


def whole(message: dict[str, Any], finish: str | None = "stop", **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion", "choices": [choice], "usage": USAGE, **fields}


def chunk(delta: dict[str, Any], finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **fields}


def good(body: dict[str, Any]) -> tuple[int, Any]:
    if body.get("stream"):
        return 200, [chunk({"role": "assistant", "content": GOOD}), chunk({}, "stop"), "[DONE]"]
    return 200, whole({"content": GOOD})


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.seen.append(body)
            status, answer = found.says(body) if body["model"] == "small-1" else good(body)
            is_stream = isinstance(answer, list)
            self.send_response(status)
            self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
            self.end_headers()
            for event in answer if is_stream else ():
                text = event if isinstance(event, str) else json.dumps(event)
                self.wfile.write(f"data: {text}\n\n".encode())
            if not is_stream:
                self.wfile.write(answer if isinstance(answer, bytes) else json.dumps(answer).encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def ask(start: Any, provider: Provider, tmp_path: Path, stored: Any) -> Callable[..., tuple[Any, list[dict[str, Any]]]]:
    """``ask(says, n_outcomes, **fields)``: one call, its response and its outcomes."""
    lines = []
    for name, price in (("small", 1.0), ("mid", 5.0)):
        lines += [
            "[[tiers]]",
            f'name = "{name}"',
            "[[tiers.models]]",
            f'name = "{name}-1"',
            f'base_url = "{provider.url}"',
        ]
        lines += [f"input_usd_per_mtok = {price}", f"cached_input_usd_per_mtok = {price / 10}"]
        lines += [f"output_usd_per_mtok = {2 * price}"]
    tiers = tmp_path / "two.toml"
    tiers.write_text("\n".join([*lines, "[[tiers]]", 'name = "frontier"']), encoding="utf-8")
    client = start(tiers=tiers)

    def run(says: Any, n: int = 1, **fields: Any) -> tuple[Any, list[dict[str, Any]]]:
        provider.says = says if callable(says) else lambda _: says
        step = {"tierwise": {"step": {"task_type": "extract", "input_complexity": 1}}}
        asked = {"model": "auto", "messages": [{"role": "user", "content": "Extract n."}], **step, **fields}
        response = client.post(PATH, content=json.dumps(asked), headers={"content-type": "application/json"})
        outcomes = stored(client, response.headers["x-tierwise-decision-id"], n)["outcomes"]
        return response, [defaultdict(lambda: None, each) for each in outcomes]

    return run
