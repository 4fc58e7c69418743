"""A provider on loopback that speaks chat completions, Responses and Messages, and refuses what real ones refuse.

    python -m tests.strict_stub.server --port 8098

The name of the model says how it behaves, as in ``examples/stub_upstream.py``: parts joined by ``+`` such as
``fails-503``, ``cut-3``, ``broken-3``, ``pause-0.05``, ``lingers-5`` (keeps a stream open after its last event),
``together-200`` (streams go on past their sixth event when so many have come to it), ``nonsense``, ``thinks``,
``refuses``, ``truncates``, ``window-100`` (refuses longer bodies, in tokens of four bytes). ``GET /seen`` lists the
requests that it got.
"""

import argparse
import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.strict_stub import chat, messages, responses
from tests.strict_stub.plans import plan
from tests.strict_stub.strict import refusal

PROTOCOLS: dict[str, tuple[str, Any]] = {
    "/v1/chat/completions": ("chat", chat),
    "/v1/responses": ("responses", responses),
    "/v1/messages": ("messages", messages),
}


class Handler(BaseHTTPRequestHandler):
    """One request after the other of a connection."""

    protocol_version = "HTTP/1.1"
    server: "StrictStub"

    def do_GET(self) -> None:
        self._send(200, self.server.seen) if self.path == "/seen" else self._send(404, _error("chat", 404, "nothing"))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"]))
        body = json.loads(raw)
        path = self.path.partition("?")[0]
        numbers = dict(re.findall(r"(fails|cut|broken|pause|lingers|window|together)-([\d.]+)", body["model"]))
        entry = {"path": path, "model": body["model"], "body": body, "headers": dict(self.headers)}
        self.server.seen.append(entry)
        if path == "/v1/embeddings":
            self._send(200, {"object": "list", "model": body["model"], "data": [{"embedding": [0.5], "index": 0}]})
            return
        if path == "/v1/messages/count_tokens":
            self._send(200, {"input_tokens": 42})
            return
        if path == "/v1/completions":
            choice = {"index": 0, "text": f" {body['prompt']}!", "finish_reason": "stop", "logprobs": None}
            self._send(200, {"id": "cmpl-s", "object": "text_completion", "created": 1, "choices": [choice]})
            return
        name, protocol = PROTOCOLS[path]
        problem = refusal(name, body) or self._too_long(numbers, raw)
        if "fails" in numbers or problem:
            status = int(numbers.get("fails", 400))
            self._send(status, _error(name, status, problem or f"the stub fails with {status}"))
        elif body.get("stream"):
            self._stream(name, protocol, body, numbers, entry)
        else:
            self._send(200, protocol.whole(body, plan(protocol.asked(body))))

    def _too_long(self, numbers: dict[str, str], raw: bytes) -> str | None:
        n_tokens, window = len(raw) // 4, int(numbers.get("window", 10**9))
        return f"prompt is too long: {n_tokens} tokens > {window} maximum" if n_tokens > window else None

    def _stream(self, name: str, protocol: Any, body: dict[str, Any], numbers: dict[str, str], entry: Any) -> None:
        self.send_response(200)
        for header, value in (("content-type", "text/event-stream"), ("transfer-encoding", "chunked")):
            self.send_header(header, value)
        self.send_header("x-request-id", "req-1")
        self.end_headers()
        try:
            for n, (kind, event) in enumerate(protocol.stream(body, plan(protocol.asked(body)))):
                time.sleep(float(numbers.get("pause", 0)))
                if n == 6 and "together" in numbers:
                    self.server.meet(int(numbers["together"]))
                if n == int(numbers.get("cut", -1)):
                    self.connection.close()
                    raise BrokenPipeError
                if n == int(numbers.get("broken", -1)):
                    self._event(*_error_event(name))
                    break
                self._event(kind, event)
            time.sleep(float(numbers.get("lingers", 0)))
            self.wfile.write(b"0\r\n\r\n")
            entry["finished"] = True
        except (BrokenPipeError, ConnectionResetError, threading.BrokenBarrierError):
            entry["finished"] = False
            self.close_connection = True

    def _event(self, kind: str | None, event: Any) -> None:
        data = event if isinstance(event, str) else json.dumps(event)
        text = (f"event: {kind}\n" if kind else "") + f"data: {data}\n\n"
        self.wfile.write(f"{len(text.encode()):x}\r\n".encode() + text.encode() + b"\r\n")
        self.wfile.flush()

    def _send(self, status: int, content: object) -> None:
        encoded = json.dumps(content).encode()
        self.send_response(status)
        for header in (("content-type", "application/json"), ("content-length", str(len(encoded)))):
            self.send_header(*header)
        self.send_header("x-request-id", "req-1")
        self.send_header("x-ratelimit-remaining-requests", "99")
        self.end_headers()
        self.wfile.write(encoded)

    def log_message(self, *_: object) -> None:
        """Silent."""


def _error(name: str, status: int, message: str) -> dict[str, Any]:
    kind = "invalid_request_error" if status < 500 else "server_error"
    if name == "messages":
        return {"type": "error", "error": {"type": kind, "message": message}}
    return {"error": {"message": message, "type": kind, "param": None, "code": None}}


def _error_event(name: str) -> tuple[str | None, dict[str, Any]]:
    if name == "messages":
        return "error", {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    if name == "responses":
        failed = {"status": "failed", "error": {"code": "server_error", "message": "Overloaded"}}
        return "response.failed", {"type": "response.failed", "response": failed, "sequence_number": 9}
    return None, _error(name, 500, "Overloaded")


class StrictStub(ThreadingHTTPServer):
    """One thread a connection; callers may come by the hundred."""

    request_queue_size = 512
    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.seen: list[dict[str, Any]] = []
        self._barriers: dict[int, threading.Barrier] = {}
        self._lock = threading.Lock()

    def meet(self, n: int) -> None:
        """Waits until ``n`` threads wait here."""
        with self._lock:
            barrier = self._barriers.setdefault(n, threading.Barrier(n, timeout=120))
        barrier.wait()

    def handle_error(self, request: object, client_address: object) -> None:
        """Callers who hang up are no news."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def serve_beside(self) -> None:
        threading.Thread(target=self.serve_forever, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description="A strict stub provider on loopback.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    server = StrictStub(parser.parse_args().port)
    print(server.url, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
