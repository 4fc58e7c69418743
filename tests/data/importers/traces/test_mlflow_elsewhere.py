"""Calls that MLflow traced, wherever they are found: through OTLP, as MLflow 2 wrote them, without its own counts."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.span_dialects import otlp
from tierwise.data.importers import ImportReport
from tierwise.data.records import Attempt, LoggedStep

Imported = Callable[..., ImportReport]
CHAT = [{"role": "system", "content": "Count."}, {"role": "user", "content": "How many?"}]
TRACE_2 = "0x19168085a936546a03d6c85d47fb9ab9"
COUNTED = {"input_tokens": 90, "output_tokens": 4, "total_tokens": 94}
SAID = {"choices": [{"message": {"role": "assistant", "content": "Four."}, "finish_reason": "stop"}]}


def words(**more: Any) -> dict[str, Any]:
    asked = {"model": "gpt-4o-mini", "messages": CHAT}
    plain = {"spanType": "CHAT_MODEL", "spanInputs": asked, "spanOutputs": SAID} | more
    return {f"mlflow.{name}": json.dumps(value) for name, value in plain.items() if value is not None}


def single(report: ImportReport) -> tuple[LoggedStep, Attempt]:
    assert (report.malformed, dict(report.skipped)) == ((), {})
    (step,) = report.assembled.steps
    (attempt,) = step.attempts
    return step, attempt


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


GENAI = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o-mini",
         "gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "How many?"}]}]),
         "gen_ai.usage.input_tokens": 90, "gen_ai.usage.output_tokens": 4}  # fmt: skip
THROUGH_OTLP: dict[str, dict[str, Any]] = {
    "MLflow's words alone": words(**{"chat.tokenUsage": COUNTED, "llm.model": "gpt-4o-mini"}),
    "GenAI's words beside them": words(**{"chat.tokenUsage": COUNTED}) | GENAI,
    "the kind of a completion": words(spanType="LLM", **{"chat.tokenUsage": COUNTED}),
    "counts in the answer": words(spanOutputs={**SAID, "usage": {"prompt_tokens": 90, "completion_tokens": 4}}),
    "messages beside inputs that name none": words(
        spanInputs={"model": "gpt-4o-mini"}, **{"chat.messages": CHAT, "chat.tokenUsage": COUNTED}
    ),
    "values that are no JSON text": {
        **words(**{"chat.tokenUsage": COUNTED}), "mlflow.spanType": "CHAT_MODEL", "mlflow.llm.model": "gpt-4o-mini",
    },
    "the counts in GenAI's words": words() | GENAI,
}  # fmt: skip


@pytest.mark.parametrize("name", THROUGH_OTLP)
def test_spans_of_mlflow_come_through_otlp(name: str, imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp(THROUGH_OTLP[name])
    step, attempt = single(imported("otlp", written(tmp_path / "spans.jsonl", *rows)))
    assert [(message.role, message.content) for message in step.step.messages][-1] == ("user", "How many?")
    assert (attempt.model, attempt.input_tokens, attempt.output_tokens) == ("gpt-4o-mini", 90, 4)
    assert attempt.output == "Four."


@pytest.mark.parametrize("kind", ["AGENT", "CHAIN", "TOOL", "RETRIEVER", "EMBEDDING", "UNKNOWN"])
def test_other_spans_of_mlflow_are_no_calls(kind: str, imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp({"mlflow.spanType": json.dumps(kind), "mlflow.spanInputs": json.dumps({"question": "x"})})
    report = imported("otlp", written(tmp_path / "spans.jsonl", *rows))
    assert (report.n_calls, report.n_frames, report.malformed) == (0, 1, ())


def span_2(attributes: dict[str, Any], **more: Any) -> dict[str, Any]:
    ids = {"span_id": "0x84f212578f747951", "trace_id": TRACE_2}
    return {"name": "call", "context": ids, "parent_id": None, "status_code": "OK",
            "start_time": 1_790_000_000_000_000_000, "end_time": 1_790_000_001_000_000_000, "status_message": "",
            "attributes": attributes, "events": [], **more}  # fmt: skip


def trace_2(*spans: dict[str, Any]) -> dict[str, Any]:
    return {"info": {"request_id": "r", "request_metadata": {}, "tags": {}}, "data": {"spans": list(spans)}}


USED = {**SAID, "usage": {"prompt_tokens": 90, "completion_tokens": 4, "total_tokens": 94}}
ANTHROPIC = {"content": [{"type": "text", "text": "Four."}], "model": "gpt-4o-mini",
             "usage": {"input_tokens": 90, "output_tokens": 4}}  # fmt: skip
LANGCHAIN = {
    "generations": [[{"text": "Four."}]],
    "llm_output": {"token_usage": {"prompt_tokens": 90, "completion_tokens": 4}, "model_name": "gpt-4o-mini"},
}
OF_MLFLOW_2: dict[str, dict[str, Any]] = {
    "OpenAI's completion": words(spanOutputs=USED),
    "Anthropic's message": words(spanOutputs=ANTHROPIC),
    "LangChain's generations": words(spanInputs=[CHAT], spanOutputs=LANGCHAIN),
    "MLflow's own counts": words(**{"chat.tokenUsage": COUNTED}),
    "the request as text": words(spanInputs=json.dumps({"model": "gpt-4o-mini", "messages": CHAT}), spanOutputs=USED),
}


@pytest.mark.parametrize("name", OF_MLFLOW_2)
def test_counts_of_mlflow_2_are_found_in_the_answer(name: str, imported: Imported, tmp_path: Path) -> None:
    step, attempt = single(imported("mlflow", written(tmp_path / "t.jsonl", trace_2(span_2(OF_MLFLOW_2[name])))))
    assert [message.content for message in step.step.messages] == ["Count.", "How many?"]
    assert (attempt.model, attempt.input_tokens, attempt.output_tokens) == ("gpt-4o-mini", 90, 4)
    assert (attempt.output, attempt.latency_ms, attempt.success) == ("Four.", 1000.0, None)


def test_calls_of_mlflow_2_keep_their_agent(imported: Imported, tmp_path: Path) -> None:
    agent = span_2(
        {"mlflow.spanType": '"AGENT"'},
        name="Clerk",
        context={"span_id": "0x84f212578f747959", "trace_id": TRACE_2},
    )
    call = span_2(words(spanOutputs=USED), parent_id="0x84f212578f747959")
    (step,) = imported("mlflow", written(tmp_path / "t.jsonl", trace_2(agent, call))).assembled.steps
    assert step.step.agent == "Clerk"
