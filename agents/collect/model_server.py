"""A local model behind the OpenAI form, so that what calls tiers over HTTP can be tried without a provider.

One request at a time, on loopback only. A conversation becomes one prompt, its messages joined by blank lines: these
models are asked single tasks.
"""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tierwise.agents.collect.answerer import DEFAULT_MAX_TOKENS
from tierwise.agents.collect.backend import Backend, CollectError

PATH = "/v1/chat/completions"


class ModelServer(ThreadingHTTPServer):
    """Answers `POST /v1/chat/completions` with one backend."""

    daemon_threads = True

    def __init__(self, backend: Backend, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.backend = backend
        self.turn = threading.Lock()

    def complete(self, request: Any) -> dict[str, Any]:
        """The completion for a chat request. Raises `CollectError` for one without a user's message."""
        messages = request.get("messages") if isinstance(request, dict) else None
        texts = [each.get("content") for each in messages or []]
        if not texts or not all(isinstance(text, str) for text in texts):
            raise CollectError("messages is empty, or holds something else than texts")
        max_tokens = request.get("max_tokens") or DEFAULT_MAX_TOKENS
        with self.turn:
            done = self.backend.complete("\n\n".join(texts), max_tokens)
        reason = "length" if done.output_tokens >= max_tokens else "stop"
        found = done.logprobs if request.get("logprobs") is True else None
        return {
            "object": "chat.completion",
            "model": self.backend.info.name,
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": done.output},
                    "finish_reason": reason,
                    "logprobs": None if found is None else {"mean": found.mean, "min": found.min, "n": found.n},
                }
            ],
            "usage": {"prompt_tokens": done.input_tokens, "completion_tokens": done.output_tokens},
        }


def model_server(backend: Backend, port: int = 0) -> ModelServer:
    """A server that is bound and not yet serving; a `with` block closes it."""
    return ModelServer(backend, port)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ModelServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path != PATH:
            self._answer(404, {"error": {"message": f"there is only {PATH}", "type": "invalid_request_error"}})
            return
        try:
            self._answer(200, self.server.complete(json.loads(body)))
        except (CollectError, ValueError) as error:
            self._answer(400, {"error": {"message": str(error), "type": "invalid_request_error"}})

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _answer(self, status: int, content: dict[str, Any]) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(encoded)))
        self.end_headers()
        self.wfile.write(encoded)
