"""A stub provider that plans and calls tools by a script, on loopback: for examples and tests, no language model.

It answers ``POST /v1/chat/completions`` by ``answer(messages)``, which gives a text, or a list of calls as pairs of the
tool's name and its arguments.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[list[dict[str, Any]]], "str | list[tuple[str, dict[str, Any]]]"]


@contextmanager
def scripted_provider(answer: Answer) -> Iterator[str]:
    """The address of a server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            content = json.dumps(completion(answer(body["messages"]))).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()


def completion(answered: str | list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """A chat completion with a text or with calls."""
    message: dict[str, Any] = {"role": "assistant", "content": answered if isinstance(answered, str) else None}
    if not isinstance(answered, str):
        message["tool_calls"] = [
            {"id": f"call-{i}", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}
            for i, (name, arguments) in enumerate(answered)
        ]
    return {"choices": [{"message": message}], "usage": {"prompt_tokens": 100, "completion_tokens": 20}}
