"""A provider on this machine, that runs as long as it is needed."""

import json
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Provider(ThreadingHTTPServer):
    daemon_threads = True


class Handler(BaseHTTPRequestHandler):
    """Answers requests whole."""

    protocol_version = "HTTP/1.1"

    @abstractmethod
    def answer(self, body: Any) -> None:
        """Sends what is answered to a request, given as its JSON says."""

    def do_POST(self) -> None:
        self.answer(json.loads(self.rfile.read(int(self.headers["content-length"]))))

    def send(self, kind: str, content: bytes) -> None:
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def running(server: Provider) -> Iterator[str]:
    """The server's address, as long as it answers."""
    with server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()


def tool_call(name: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The one call of a message."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"index": 0, "id": "call-1", "type": "function", "function": function}
