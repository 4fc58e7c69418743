"""Spans as collectors, Tempo and Jaeger hand them out, with the words in the spans or in log records beside them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.made_calls import SPAN, TRACE
from tests.data.importers.span_dialects import otlp
from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format

Imported = Callable[..., ImportReport]
COUNTS = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": 20,
          "gen_ai.usage.output_tokens": 3}  # fmt: skip
WORDS = {
    "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "How many?"}]}]),
    "gen_ai.output.messages": json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Two."}]}]),
}


def written(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def valued(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"kvlistValue": {"values": [{"key": key, "value": valued(each)} for key, each in value.items()]}}
    if isinstance(value, list):
        return {"arrayValue": {"values": [valued(each) for each in value]}}
    return {"stringValue": value}


def log(name: str, body: Any = None, at: str = SPAN, **attributes: Any) -> dict[str, Any]:
    named = [{"key": key, "value": valued(value)} for key, value in attributes.items()]
    return {"eventName": name, "traceId": TRACE, "spanId": at, "attributes": named, "body": valued(body or "")}


def logs(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"scopeLogs": [{"logRecords": list(records)}]}]}


ASKED = [{"role": "user", "parts": [{"type": "text", "content": "How many?"}]}]
SAID = [{"role": "assistant", "parts": [{"type": "text", "content": "Two."}], "finish_reason": "stop"}]
LOGGED: dict[str, list[dict[str, Any]]] = {
    "details": [log("gen_ai.client.inference.operation.details",
                    **{"gen_ai.input.messages": ASKED, "gen_ai.output.messages": SAID})],
    "a record a message": [
        log("gen_ai.user.message", {"content": "How many?"}),
        log("gen_ai.choice", {"finish_reason": "stop", "message": {"role": "assistant", "content": "Two."}}),
    ],
    "the name among the attributes": [
        {**log("", {"content": "How many?"}, **{"event.name": "gen_ai.user.message"}), "eventName": None},
        log("gen_ai.choice", {"message": {"content": "Two."}, "finish_reason": "stop"}),
    ],
    "bodies as text": [
        log("gen_ai.user.message", json.dumps({"content": "How many?"})),
        log("gen_ai.choice", json.dumps({"message": {"content": "Two."}, "finish_reason": "stop"})),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", LOGGED)
@pytest.mark.parametrize("order", ["spans first", "logs first", "one file"])
def test_words_in_log_records_find_their_spans(name: str, order: str, imported: Imported, tmp_path: Path) -> None:
    _, (spans,) = otlp(COUNTS)
    other = log("gen_ai.user.message", {"content": "Of another span."}, at="f" * 16)
    told = logs(other, *LOGGED[name])
    if order == "one file":
        paths = [written(tmp_path / "all.jsonl", told, {"resourceMetrics": []}, spans)]
    else:
        paths = [written(tmp_path / "spans.jsonl", spans), written(tmp_path / "logs.jsonl", told)]
        paths = paths if order == "spans first" else paths[::-1]
    assert detect_format([str(path) for path in paths], ImportMap()) == "otlp"
    report = imported("otlp", paths)
    assert report.malformed == ()
    (step,) = report.assembled.steps
    (attempt,) = step.attempts
    assert [message.content for message in step.step.messages] == ["How many?"]
    assert (attempt.output, attempt.finish_reason, attempt.input_tokens) == ("Two.", "stop", 20)


def jaeger(**fields: Any) -> dict[str, Any]:
    kinds = {int: "int64", bool: "bool"}
    tags = {**COUNTS, **WORDS, **fields}
    span = {
        "traceID": TRACE.lstrip("0"), "spanID": SPAN.lstrip("0"), "operationName": "chat gpt-4o", "processID": "p1",
        "references": [{"refType": "CHILD_OF", "traceID": TRACE, "spanID": "abc"}],
        "startTime": 1790000000000000, "duration": 2000000, "logs": [],
        "tags": [{"key": key, "type": kinds.get(type(value), "string"), "value": value} for key, value in tags.items()],
    }  # fmt: skip
    process = {"serviceName": "shop", "tags": [{"key": "host", "type": "string", "value": "a"}]}
    return {"traceID": TRACE, "spans": [span], "processes": {"p1": process}}


def sources() -> dict[str, Any]:
    _, (document,) = otlp({**COUNTS, **WORDS})
    batches = document["resourceSpans"]
    return {
        "a collector": document, "tempo": {"batches": batches}, "tempo, wrapped": {"trace": {"resourceSpans": batches}},
        "jaeger's interface": {"data": [jaeger()], "total": 0}, "one trace of jaeger": jaeger(),
    }  # fmt: skip


@pytest.mark.parametrize("name", sources())
def test_every_store_of_traces_gives_the_same(name: str, imported: Imported, tmp_path: Path) -> None:
    paths = [written(tmp_path / "trace.json", sources()[name])]
    assert detect_format([str(paths[0])], ImportMap()) == "otlp"
    (step,) = imported("otlp", paths).assembled.steps
    (attempt,) = step.attempts
    assert (step.step.messages[0].content, attempt.output, step.task_id) == ("How many?", "Two.", TRACE)
    assert (attempt.input_tokens, attempt.output_tokens) == (20, 3)
    if "jaeger" in name:
        assert attempt.latency_ms == 2000


@pytest.mark.parametrize("told", [{"error": True}, {"error": "true"}, {"otel.status_code": "ERROR"}])
def test_trouble_in_jaeger_is_trouble(told: dict[str, Any], imported: Imported, tmp_path: Path) -> None:
    tags = {**told, "otel.status_description": "RateLimitError: slow"}
    (step,) = imported("otlp", [written(tmp_path / "trace.json", jaeger(**tags))]).assembled.steps
    assert (step.attempts[0].error, step.attempts[0].success) == ("RateLimitError: slow", None)
