"""OpenTelemetry traces, where they are asked for: a span for the request, for each stage, for each provider's call.

Attributes hold ids, labels and numbers, never a text of a prompt; of an error only its kind. Names are those of the
semantic conventions where they exist (HTTP, GenAI) and begin with ``tierwise.`` where they do not. Nothing here is
imported as long as ``traces`` is off.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import ParamSpec, TypeVar

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tierwise.data.decision_log import DecisionRecord
from tierwise.data.records import Attempt
from tierwise.serving.http.hot import ROUTE_KEY

SERVICE_NAME = "tierwise"
UNTRACED_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})
_PREFIX = "tierwise."
_PROPAGATOR = TraceContextTextMapPropagator()

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Tracing:
    """Makes the spans. ``processor`` takes them away; sampling and resource follow the ``OTEL_`` variables."""

    def __init__(self, processor: SpanProcessor) -> None:
        self._provider = TracerProvider(resource=_resource(), shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("tierwise.serving")

    @classmethod
    def over_http(cls) -> "Tracing":
        """Sends spans by OTLP over HTTP to ``OTEL_EXPORTER_OTLP_ENDPOINT``, in batches, on a thread of its own."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        return cls(BatchSpanProcessor(OTLPSpanExporter()))

    def span(self, name: str) -> AbstractContextManager[Span]:
        """A span below the current one."""
        return self._tracer.start_as_current_span(_PREFIX + name, record_exception=False, set_status_on_exception=False)

    def stage(self, name: str, work: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs ``work`` in a span of its own, where the request is traced."""
        if not trace.get_current_span().is_recording():
            return work(*args, **kwargs)
        with self.span(name):
            return work(*args, **kwargs)

    def note(self, record: DecisionRecord) -> None:
        """Tells the current span what was decided."""
        decision, step = record.decision, record.step
        known = {
            "gen_ai.request.model": decision.model,
            "gen_ai.conversation.id": record.session_id,
            "gen_ai.agent.name": step.agent,
            "tierwise.decision.id": record.decision_id,
            "tierwise.task.id": record.task_id,
            "tierwise.step.id": record.step_id,
            "tierwise.step.task_type": step.task_type,
            "tierwise.tier": decision.tier,
            "tierwise.p_success": decision.p_success.get(decision.tier),
            "tierwise.expected_cost_usd": decision.expected_cost_usd.get(decision.tier),
            "tierwise.policy": decision.policy,
            "tierwise.router.version": decision.router_version,
            "tierwise.arm": decision.arm or decision.policy,
            "tierwise.propensity": decision.propensity,
            "tierwise.reason": decision.reason.code,
            "tierwise.fallback": decision.is_fallback,
            "tierwise.unfamiliar": decision.is_unfamiliar,
        }
        trace.get_current_span().set_attributes({name: value for name, value in known.items() if value is not None})

    def attempt(self, model: str, tier: str, number: int, decision_id: str) -> Span:
        """A span for the call of a provider, below the current one. ``end_attempt`` ends it, maybe after its parent."""
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.request.model": model,
            "tierwise.decision.id": decision_id,
            "tierwise.tier": tier,
            "tierwise.attempt": number,
        }
        return self._tracer.start_span(f"chat {model}", kind=SpanKind.CLIENT, attributes=attributes)

    @staticmethod
    def end_attempt(span: Span, attempt: Attempt, status: int, error: str | None) -> None:
        """Ends a provider's call with what it came to; ``error`` is the short kind of what went wrong with the call."""
        known = {
            "http.response.status_code": status,
            "gen_ai.usage.input_tokens": attempt.input_tokens,
            "gen_ai.usage.output_tokens": attempt.output_tokens,
            "tierwise.cost_usd": attempt.cost_usd,
            "tierwise.success": attempt.success,
            "error.type": error,
        }
        span.set_attributes({name: value for name, value in known.items() if value is not None})
        if error is not None:
            span.set_status(StatusCode.ERROR)
        span.end()

    def stop(self) -> None:
        """Sends what waits."""
        self._provider.shutdown()

    async def request(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request of ``app`` in a span that continues the caller's trace (W3C ``traceparent``)."""
        method = scope["method"]
        carrier = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        attributes = {"http.request.method": method, "url.scheme": scope["scheme"]}
        with self._tracer.start_as_current_span(
            method,
            _PROPAGATOR.extract(carrier),
            SpanKind.SERVER,
            attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await app(scope, receive, _noting_status(span, send))
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise
            finally:
                _name(span, method, scope)


class Traced:
    """ASGI middleware: a span for each request but those of probes."""

    def __init__(self, app: ASGIApp, tracing: Tracing) -> None:
        self._app = app
        self._tracing = tracing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED_PATHS:
            await self._app(scope, receive, send)
            return
        await self._tracing.request(self._app, scope, receive, send)


def _noting_status(span: Span, send: Send) -> Send:
    async def noting(message: Message) -> None:
        if message["type"] == "http.response.start":
            status = message["status"]
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_attribute("error.type", str(status))
                span.set_status(StatusCode.ERROR)
        await send(message)

    return noting


def _name(span: Span, method: str, scope: Scope) -> None:
    """Names the span by the route, never by the path, which may hold the ids of callers."""
    route = scope.get(ROUTE_KEY) or getattr(scope.get("route"), "path", None)
    if isinstance(route, str):
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)


def _resource() -> Resource:
    """What the ``OTEL_`` variables say about this service; its name is ours where they give none."""
    resource = Resource.create()
    if not str(resource.attributes.get("service.name", "unknown_service")).startswith("unknown_service"):
        return resource
    return resource.merge(Resource({"service.name": SERVICE_NAME}))
