"""Traces of the gateway: each call of a provider is a span of the request, with figures and without a word of it."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from starlette.testclient import TestClient

from tierwise.serving.app import create_app
from tierwise.serving.settings import Settings
from tierwise.serving.watching.tracing import Tracing

PATH = "/v1/chat/completions"
SECRET = "the queen's birthday"
BODY: dict[str, Any] = {
    "model": "auto",
    "messages": [{"role": "user", "content": f"Say {SECRET}."}],
    "tierwise": {"step": {"task_type": "extract"}},
}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(
    settings: Callable[..., Settings], write_tiers: Callable[..., Path], exporter: InMemorySpanExporter
) -> Iterator[TestClient]:
    """The gateway with a small tier that fails and a middle one that answers."""
    tiers = write_tiers(small="fails-503", mid="mid-1")
    app = create_app(settings(tiers=tiers), tracing=Tracing(SimpleSpanProcessor(exporter)))
    with TestClient(app, "http://localhost") as client:
        yield client


def spans_of(exporter: InMemorySpanExporter, n_calls: int) -> dict[str, ReadableSpan]:
    """By name, once the spans of ``n_calls`` provider's calls have ended; a stream's ends after its answer."""
    deadline = time.monotonic() + 60
    while True:
        spans = {span.name: span for span in exporter.get_finished_spans()}
        if sum(name.startswith("chat ") for name in spans) == n_calls and f"POST {PATH}" in spans:
            return spans
        assert time.monotonic() < deadline, sorted(spans)
        time.sleep(0.01)


@pytest.mark.parametrize("is_stream", [False, True])
def test_every_attempt_is_a_span_of_the_request(
    client: TestClient, exporter: InMemorySpanExporter, is_stream: bool
) -> None:
    response = client.post(PATH, json=BODY | {"stream": is_stream})
    assert response.status_code == 200
    spans = spans_of(exporter, 2)
    request, failed, answered = spans[f"POST {PATH}"], spans["chat fails-503"], spans["chat mid-1"]
    assert request.context is not None
    for number, span in enumerate((failed, answered), start=1):
        assert span.parent is not None
        assert span.attributes is not None
        assert (span.parent.span_id, span.kind) == (request.context.span_id, SpanKind.CLIENT)
        assert span.attributes["tierwise.decision.id"] == response.headers["x-tierwise-decision-id"]
        assert span.attributes["tierwise.attempt"] == number
    assert failed.status.status_code is StatusCode.ERROR
    assert (
        dict(failed.attributes or {}).items()
        >= {
            "gen_ai.request.model": "fails-503",
            "tierwise.tier": "small",
            "http.response.status_code": 503,
            "error.type": "status_503",
        }.items()
    )
    assert answered.status.status_code is StatusCode.UNSET
    assert answered.attributes is not None
    assert answered.attributes["http.response.status_code"] == 200
    assert answered.attributes["tierwise.tier"] == "mid"


def test_a_call_that_was_answered_says_what_it_used(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.post(PATH, json=BODY)
    attributes = spans_of(exporter, 2)["chat mid-1"].attributes or {}
    n_in, n_out = attributes["gen_ai.usage.input_tokens"], attributes["gen_ai.usage.output_tokens"]
    assert isinstance(n_in, int)
    assert isinstance(n_out, int)
    assert attributes["tierwise.cost_usd"] == pytest.approx((4 * n_in + 8 * n_out) / 1e6)


def test_no_word_of_a_prompt_is_in_a_span(client: TestClient, exporter: InMemorySpanExporter) -> None:
    client.post(PATH, json=BODY)
    for span in spans_of(exporter, 2).values():
        assert SECRET not in span.to_json()
        assert "queen" not in span.to_json()
