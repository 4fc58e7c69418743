"""Spans of opentelemetry-instrumentation-openai (OpenLLMetry): the GenAI conventions."""

from pathlib import Path

from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from spans import record_openai_spans


def record(folder: Path) -> None:
    record_openai_spans(
        folder / "traceloop.jsonl", lambda provider: OpenAIInstrumentor().instrument(tracer_provider=provider)
    )
