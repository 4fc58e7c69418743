"""Runs the scenario under OpenTelemetry and writes its spans as OTLP JSON, with the project's own file exporter."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from openai import OpenAI, OpenAIError
from opentelemetry import trace
from opentelemetry.exporter.otlp.json.file import FileSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from scenario import TASKS
from upstream import upstream


def provider_to(path: Path) -> TracerProvider:
    """A provider whose spans go to ``path``."""
    path.unlink(missing_ok=True)
    provider = TracerProvider(resource=Resource.create({"service.name": "billing"}))
    provider.add_span_processor(SimpleSpanProcessor(FileSpanExporter(path)))
    trace.set_tracer_provider(provider)
    return provider


def record_openai_spans(path: Path, instrument: Callable[[TracerProvider], None]) -> None:
    """One trace a task; a span of the application around each node, the instrumented client inside it."""
    provider = provider_to(path)
    instrument(provider)
    tracer = provider.get_tracer("application")
    with upstream() as base_url:
        client = OpenAI(base_url=base_url, api_key="none", max_retries=0)
        for task in TASKS:
            with tracer.start_as_current_span(task.name):
                for call in task.calls:
                    with tracer.start_as_current_span(call.node), suppress(OpenAIError):
                        client.chat.completions.create(model=call.model, messages=call.messages, **call.options)
    provider.shutdown()
