"""A local stand-in for an OpenAI-compatible provider: fixed answers to the scenario, and a sink for everything else."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

CREATED = 1_764_000_000


@contextmanager
def upstream() -> Iterator[str]:
    """Serves on a free loopback port; yields the base address, which ends in ``/v1``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if not self.path.endswith("/chat/completions"):
            self._answer(200, {})
            return
        request = json.loads(body)
        if "overloaded" in request["messages"][-1]["content"]:
            self._answer(429, {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit"}})
        else:
            self._answer(200, _completion(request))

    def do_PATCH(self) -> None:
        self.do_POST()

    def do_GET(self) -> None:
        self._answer(200, {})

    def log_message(self, *_: Any) -> None:
        """Silence."""

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)


def _completion(request: dict[str, Any]) -> dict[str, Any]:
    digest = sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    return {
        "id": f"chatcmpl-{digest}",
        "object": "chat.completion",
        "created": CREATED,
        "model": {"gpt-4o": "gpt-4o-2024-08-06", "gpt-4o-mini": "gpt-4o-mini-2024-07-18"}[request["model"]],
        "choices": [{"index": 0, "logprobs": None, **_choice(request)}],
        "usage": {
            "prompt_tokens": 120,
            "completion_tokens": 14,
            "total_tokens": 134,
            "prompt_tokens_details": {"cached_tokens": 64},
            "completion_tokens_details": {"reasoning_tokens": 0},
        },
    }


def _choice(request: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "The customer disputes a fee."}
    if request.get("tools"):
        called = {"name": "lookup", "arguments": '{"number": "A-17"}'}
        message |= {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": called}]}
        return {"message": message, "finish_reason": "tool_calls"}
    if request.get("response_format"):
        message["content"] = '{"total": "twelve"}' if request["model"] == "gpt-4o-mini" else '{"total": 12.5}'
    return {"message": message, "finish_reason": "stop"}
