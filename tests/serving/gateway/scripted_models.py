"""Scripted models behind one address, for courses; and their tiers.toml."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

TIERS = ("small", "mid", "frontier")
LOGPROBS = {"content": [{"token": "7", "logprob": -0.5}, {"token": ".", "logprob": -0.1}]}


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


@dataclass
class Models:
    """``says`` is what each model answers: a message, or a function of the body that gives status and message."""

    url: str = ""
    says: dict[str, Any] = field(default_factory=dict)
    seen: list[dict[str, Any]] = field(default_factory=list)
    n_hung_up: int = 0

    def asked(self) -> list[str]:
        return sorted(str(body["model"]).removesuffix("-1") for body in self.seen)


def scripted(says: Any, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    if callable(says):
        return says(body)  # type: ignore[no-any-return]
    message = {"role": "assistant", "content": None} | ({"content": says} if isinstance(says, str) else says)
    finish = "tool_calls" if "tool_calls" in message else "stop"
    choice = {"index": 0, "message": message, "finish_reason": finish}
    choice |= {"logprobs": LOGPROBS} if body.get("logprobs") else {}
    usage = {"prompt_tokens": 100, "completion_tokens": 5, "total_tokens": 105}
    return 200, {"id": "c", "object": "chat.completion", "model": body["model"], "choices": [choice], "usage": usage}


def _as_stream(answer: dict[str, Any]) -> bytes:
    choice = answer["choices"][0]
    pieces = [{"delta": choice["message"], "finish_reason": None}, {"delta": {}, "finish_reason": "stop"}]
    chunks = [{"id": "c", "choices": [{"index": 0, **piece}]} for piece in pieces]
    return b"".join(f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks) + b"data: [DONE]\n\n"


@pytest.fixture(name="models")
def scripted_models() -> Iterator[Models]:
    found = Models(says={"small": "The answer is 7.", "mid": "**7**", "frontier": "7, of course."})

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            found.seen.append(body)
            status, answer = scripted(found.says[body["model"].removesuffix("-1")], body)
            is_stream = status == 200 and bool(body.get("stream"))
            content = _as_stream(answer) if is_stream else json.dumps(answer).encode()
            try:
                self.send_response(status)
                self.send_header("content-type", "text/event-stream" if is_stream else "application/json")
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                found.n_hung_up += 1

    server = _Server(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/v1"
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(name="tiers")
def scripted_tiers(models: Models, tmp_path: Path) -> Path:
    lines: list[str] = []
    for place, tier in enumerate(TIERS):
        lines += ["[[tiers]]", f'name = "{tier}"', "[[tiers.models]]", f'name = "{tier}-1"']
        lines += [f'base_url = "{models.url}"', f"input_usd_per_mtok = {10**place}"]
        lines += [f"output_usd_per_mtok = {10**place}"]
    path = tmp_path / "models.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
