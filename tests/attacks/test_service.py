"""Single hostile requests at a running service: it stays healthy and small, never fails, and stops when told to."""

import json
import socket
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.attacks.service import Service, serving

pytestmark = pytest.mark.slow  # what takes the time is the service, in a process of its own

# 250 ms are promised on a machine of its own; tests share theirs.
HEALTHY_SECONDS = 2.0
MAX_GROWN_BYTES = 200 * 2**20
DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DOUBLING = {f"d{i}": {"allOf": [{"$ref": f"#/$defs/d{i + 1}"}] * 2} for i in range(40)} | {"d40": {}}


class _Model(BaseHTTPRequestHandler):
    """A model that answers ``{"x": "aaa...!"}``, or what the prompt asks for."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        prompt = str(asked["messages"][-1]["content"])
        if prompt == "redirect":
            self.send_response(302)
            self.send_header("location", "http://127.0.0.1:1/")
            self.send_header("content-length", "0")
            self.end_headers()
            return
        content = json.dumps({"x": "a" * 40 + "!"})
        body = json.dumps(
            {"choices": [{"index": 0, "message": {"content": content}, "finish_reason": "stop"}]}
        ).encode()
        if prompt == "huge":
            body = b'{"choices": [' + b"[]," * (20 * 2**20 // 3) + b"{}]}"
        self.send_response(204 if prompt == "empty" else 200)
        self.send_header("content-length", "0" if prompt == "empty" else str(len(body)))
        self.end_headers()
        if prompt != "empty":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Model)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    with serving(tmp_path_factory.mktemp("service"), server.server_address[1]) as service:
        service.client.post("/route", json={"step": {"text": "warm up"}})
        yield service
    server.shutdown()
    server.server_close()


def chat(content: str = "x", **fields: Any) -> tuple[str, Any]:
    return "/v1/chat/completions", {"model": "auto", "messages": [{"role": "user", "content": content}], **fields}


def schema(value: dict[str, Any]) -> dict[str, Any]:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": value}}}


REQUESTS: dict[str, tuple[str, Any]] = {
    "a pattern under a dialect of its own": chat(
        **schema({"properties": {"x": {"$schema": DRAFT_7, "pattern": "^(a+)+$"}}})
    ),
    "doubling references": chat(**schema({"$defs": DOUBLING, "$ref": "#/$defs/d0"})),
    "patterns of names": chat(
        **schema({"patternProperties": {"^(x+x+)+y": {}}, "additionalProperties": {"pattern": "^(a|aa)+$"}})
    ),
    "a million keys that begin": ("/route", {"step": {"text": "eyJ-" * 250_000}}),
    "numbers": ("/route", {"step": {"text": "4111 1111 " * 100_000}}),
    "a password without end": ("/route", {"step": {"text": "password='" * 100_000}}),
    "a chat of 4 MB": chat("eyJ-" * 1_000_000),
    "a chat of 15 MB": chat("ab, " * 3_900_000),
    "a chat of 15 MB of one word": chat("a" * 15_000_000),
    "25,000 tools": chat(tools=[{"type": "function", "function": {"name": f"f{i}"}} for i in range(25_000)]),
    "500,000 messages": (
        "/v1/chat/completions",
        {"model": "auto", "messages": [{"role": "user", "content": "x"}] * 300_000},
    ),
    "a million empty lists": ("/v1/chat/completions", {"model": "auto", "messages": [[]] * 4_000_000}),
    "a deep body": ("/route", {"step": {"text": "x", "a": "DEEP"}}),
    "a schema of 100,000 keys": (
        "/route",
        {"step": {"text": "x", "response_schema": {"properties": {f"k{i}": {} for i in range(60_000)}}}},
    ),
    "an answer of 20 MB": chat("huge"),
    "an empty answer": chat("empty"),
    "a redirect": chat("redirect"),
    "numbers beyond all": (
        "/outcomes",
        {"decision_id": "d-1", "tier": "small", "cost_usd": 1e308, "latency_ms": 1e308},
    ),
    "probabilities beyond all": (
        "/outcomes",
        {
            "decision_id": "d-2",
            "tier": "small",
            "decided_by_caller": {"tier": "small", "step": {"text": "x"}, "p_success": {"small": 10**400}},
        },
    ),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_one_hostile_request(service: Service, name: str) -> None:
    path, body = REQUESTS[name]
    content = json.dumps(body).replace('"DEEP"', "[" * 5_000 + "]" * 5_000)
    with service.watched():
        begin = time.perf_counter()
        answer = service.client.post(path, content=content, headers={"content-type": "application/json"})
        seconds = time.perf_counter() - begin
    print(
        f"{name}: {answer.status_code} in {seconds:.2f} s, healthz {service.slowest * 1000:.0f} ms, {service.grown_bytes / 2**20:+.0f} MB"
    )
    is_providers = name in ("an answer of 20 MB", "an empty answer", "a redirect")
    assert answer.status_code == 502 if is_providers else answer.status_code < 500
    assert service.slowest < HEALTHY_SECONDS
    assert service.grown_bytes < MAX_GROWN_BYTES
    before = service.worked_seconds()
    outcome = service.client.post("/outcomes", json={"decision_id": "d-0", "tier": "small"}, timeout=90)
    assert outcome.status_code == 200
    assert service.worked_seconds() - before < 5


def test_heads_that_never_end_and_keys_without_end(service: Service) -> None:
    half = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(300)]
    with service.watched():
        for connection in half:
            connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: loc")
        for i in range(30):
            head = f"GET /metrics HTTP/1.1\r\nhost: localhost\r\nauthorization: bearer {i}{'k' * 1_000_000}\r\n\r\n"
            assert not service.raw(head.encode()).startswith(b"HTTP/1.1 200")
    for connection in half:
        connection.close()
    assert service.slowest < HEALTHY_SECONDS
    assert service.grown_bytes < MAX_GROWN_BYTES


def test_a_half_sent_head_is_given_up(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), timeout=15) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: loc")
        assert connection.recv(100) == b""


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/metrics", {"host": "evil.example"}),
        ("DELETE", "/tasks/t", {"host": "evil.example"}),
        ("POST", "/reload", {"origin": "http://evil.example"}),
        ("POST", "/route", {"host": "evil.example:8080", "content-type": "application/json"}),
        ("GET", "/dashboard/", {"host": "rebound.example"}),
    ],
)
def test_pages_of_others_are_refused_where_there_are_no_keys(
    service: Service, method: str, path: str, headers: dict[str, str]
) -> None:
    assert service.client.request(method, path, headers=headers).status_code == 403


def test_a_static_path_in_an_id_is_not_kept_by_browsers(service: Service) -> None:
    for path in ("/dashboard/tasks/static/x", "/dashboard/tasks/a/static/b.css"):
        assert service.client.get(path).headers["cache-control"] == "no-store"


def test_sigterm_is_obeyed_with_hostile_work_waiting(tmp_path: Path) -> None:
    with serving(tmp_path, drain_seconds=2) as service:
        for _ in range(8):
            answer = service.client.post("/route", json={"step": {"text": "12-1" * 240_000}})
            assert answer.status_code == 200
        assert service.stop() < 12


def test_a_deleted_task_leaves_no_text(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        body = {"step": {"text": "the zanzibar plan"}, "task_id": "t-1"}
        decision_id = service.client.post("/route", json=body).json()["decision_id"]
        service.client.post("/outcomes", json={"decision_id": decision_id, "tier": "small"})
        for _ in range(1200):
            if service.client.delete("/tasks/t-1").json()["decisions"]:
                break
            time.sleep(0.05)
        assert not any(b"zanzibar" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
