"""Traces: one tree a decision, the caller's trace goes on, and no text of a prompt is in it."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.testclient import TestClient

from tierwise.serving.app import create_app
from tierwise.serving.settings import Settings
from tierwise.serving.watching.tracing import Tracing

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = {"traceparent": f"00-{TRACE_ID}-b7ad6b7169203331-01"}
SECRET = "the queen's birthday"
BODY = {
    "step": {"text": f"Remember {SECRET}.", "task_type": "extract", "agent": "herald", "previous_error": SECRET},
    "task_id": "t-1",
    "session_id": "s-1",
    "step_id": "i-1",
}
DECISION_ATTRIBUTES = {
    "gen_ai.agent.name",
    "gen_ai.conversation.id",
    "gen_ai.request.model",
    "tierwise.arm",
    "tierwise.decision.id",
    "tierwise.expected_cost_usd",
    "tierwise.fallback",
    "tierwise.p_success",
    "tierwise.policy",
    "tierwise.propensity",
    "tierwise.reason",
    "tierwise.router.version",
    "tierwise.step.id",
    "tierwise.step.task_type",
    "tierwise.task.id",
    "tierwise.tier",
    "tierwise.unfamiliar",
}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(
    settings: Callable[..., Settings], bundle_folder: Path, exporter: InMemorySpanExporter
) -> Iterator[TestClient]:
    """The service with a learned router, whose spans stay in memory."""
    app = create_app(settings(bundle=bundle_folder), tracing=Tracing(SimpleSpanProcessor(exporter)))
    with TestClient(app, "http://localhost", raise_server_exceptions=False) as client:
        yield client


def tree(spans: tuple[ReadableSpan, ...]) -> dict[str, str | None]:
    """The name of each span and of its parent; None where the parent is the caller's or there is none."""
    names = {span.context.span_id: span.name for span in spans if span.context}
    return {span.name: names.get(span.parent.span_id) if span.parent else None for span in spans}


@pytest.mark.slow
def test_every_step_of_a_batch_has_a_tree_of_its_own(client: TestClient, exporter: InMemorySpanExporter) -> None:
    steps = [{"step": {"text": text}} for text in ("Extract the total.", "Plan the week.")]
    assert client.post("/route/batch", json={"requests": steps}).status_code == 200
    names = [span.name for span in exporter.get_finished_spans()]
    assert [names.count(name) for name in ("tierwise.route", "tierwise.decide", "tierwise.record")] == [2, 2, 2]


@pytest.mark.slow
def test_a_decision_is_one_tree_of_its_stages(client: TestClient, exporter: InMemorySpanExporter) -> None:
    assert client.post("/route", json=BODY).status_code == 200
    assert tree(exporter.get_finished_spans()) == {
        "POST /route": None,
        "tierwise.route": "POST /route",
        "tierwise.parse": "tierwise.route",
        "tierwise.decide": "tierwise.route",
        "tierwise.features": "tierwise.decide",
        "tierwise.predict": "tierwise.decide",
        "tierwise.policy": "tierwise.decide",
        "tierwise.record": "tierwise.route",
    }
    exporter.clear()
    client.post("/route", json=BODY)
    assert "tierwise.features" not in tree(exporter.get_finished_spans()), "it came from memory"


@pytest.mark.slow
def test_attributes_are_those_of_the_page_and_hold_no_prompt(
    client: TestClient, exporter: InMemorySpanExporter
) -> None:
    answer = client.post("/route", json=BODY).json()
    spans = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert spans["POST /route"] == {
        "http.request.method": "POST",
        "url.scheme": "http",
        "http.route": "/route",
        "http.response.status_code": 200,
    }
    route = spans["tierwise.route"]
    assert set(route) == DECISION_ATTRIBUTES
    assert (route["tierwise.decision.id"], route["tierwise.tier"]) == (answer["decision_id"], answer["tier"])
    assert (route["gen_ai.conversation.id"], route["gen_ai.agent.name"]) == ("s-1", "herald")
    assert all(span.to_json().count("queen") == 0 for span in exporter.get_finished_spans())


@pytest.mark.slow
def test_the_callers_trace_goes_on(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.post("/route", json=BODY, headers=TRACEPARENT)
    client.post("/route", json=BODY, headers={"traceparent": "00-nonsense"})
    traces = {f"{span.context.trace_id:032x}" for span in exporter.get_finished_spans() if span.context}
    assert TRACE_ID in traces
    assert len(traces) == 2


def test_each_decision_of_a_batch_has_a_span(client: TestClient, exporter: InMemorySpanExporter) -> None:
    requests = [{"step": {"text": text}} for text in ("a", "b")]
    client.post("/route/batch", json={"requests": requests})
    names = [span.name for span in exporter.get_finished_spans()]
    assert names.count("tierwise.route") == 2
    assert names[-1] == "POST /route/batch"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "name", "status"),
    [
        ("GET", "/decisions/d-1/of the queen", "GET /decisions/{decision_id:any_text}", 404),
        ("POST", "/route", "POST /route", 422),
        ("GET", "/the/queen", "GET", 404),
    ],
)
def test_refusals_are_named_by_the_route_and_never_by_the_path(
    client: TestClient, exporter: InMemorySpanExporter, method: str, path: str, name: str, status: int
) -> None:
    client.request(method, path, json={"queen": 1} if method == "POST" else None)
    (span,) = (span for span in exporter.get_finished_spans() if span.name == name)
    assert (span.attributes or {})["http.response.status_code"] == status
    assert "queen" not in span.to_json()


@pytest.mark.slow
def test_probes_leave_no_trace(client: TestClient, exporter: InMemorySpanExporter) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        assert client.get(path).status_code == 200
    assert exporter.get_finished_spans() == ()


class Collector(ThreadingHTTPServer):
    """Takes spans by OTLP over HTTP on loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.requests: list[ExportTraceServiceRequest] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces"
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.slow
def test_a_collector_gets_them_over_http(
    launch: Callable[..., Any], bundle_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collector = Collector()
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.server_address[1]}")
    running = launch(traces=True, bundle=bundle_folder)
    httpx2.post(f"{running.address}/route", json=BODY, headers=TRACEPARENT)
    running.process.terminate()
    running.process.wait(timeout=30)
    collector.shutdown()
    collector.server_close()
    (resource,) = (each for request in collector.requests for each in request.resource_spans)
    names = {value.key: value.value.string_value for value in resource.resource.attributes}
    spans = [span for scope in resource.scope_spans for span in scope.spans]
    assert names["service.name"] == "tierwise"
    assert {"POST /route", "tierwise.route", "tierwise.predict"} <= {span.name for span in spans}
    assert {span.trace_id.hex() for span in spans} == {TRACE_ID}
    assert all(SECRET.encode() not in request.SerializeToString() for request in collector.requests)


@pytest.mark.slow
def test_without_the_setting_nothing_of_it_is_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from tierwise.serving.app import create_app; from tierwise.serving.settings import load_settings\n"
        "create_app(load_settings({}))\n"
        "names = ('opentelemetry.sdk', 'tierwise.serving.watching.tracing')\n"
        "print([name for name in sys.modules if name.startswith(names)])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert run.stdout.strip() == "[]"
