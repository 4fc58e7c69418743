"""Spans of openinference-instrumentation-openai, which Arize Phoenix and others read."""

from pathlib import Path

from openinference.instrumentation.openai import OpenAIInstrumentor
from spans import record_openai_spans


def record(folder: Path) -> None:
    record_openai_spans(
        folder / "openinference.jsonl", lambda provider: OpenAIInstrumentor().instrument(tracer_provider=provider)
    )
