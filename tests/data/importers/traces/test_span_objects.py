"""Spans in the forms that SDKs write themselves, and words that instrumentations flatten or leave to a span's name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.span_dialects import otlp
from tierwise.data.importers import ImportReport
from tierwise.data.importers.detect import detect_format
from tierwise.data.importers.mapping import ImportMap

Imported = Callable[..., ImportReport]
ASKED = json.dumps([{"role": "user", "parts": [{"type": "text", "content": "How many?"}]}])
SAID = json.dumps([{"role": "assistant", "parts": [{"type": "text", "content": "Two."}], "finish_reason": "stop"}])
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.input.messages": ASKED}
IDS = {"trace_id": "0x" + "a" * 32, "span_id": "0x" + "b" * 16}


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


PYTHON = {
    "name": "chat gpt-4o", "context": {**IDS, "trace_state": "[]"}, "parent_id": None, "attributes": CHAT,
    "start_time": "2026-10-01T08:00:00Z", "end_time": "2026-10-01T08:00:02Z", "events": [], "links": [],
    "resource": {"attributes": {"service.name": "shop"}},
}  # fmt: skip
SCRIPT = {
    "name": "chat gpt-4o", "traceId": "a" * 32, "spanId": "b" * 16, "attributes": CHAT,
    "startTime": [1790000000, 0], "endTime": [1790000002, 0],
}  # fmt: skip
TROUBLE = {
    "python": {**PYTHON, "status": {"status_code": "ERROR", "description": "RateLimitError: slow"}},
    "python's enum": {**PYTHON, "status": {"status_code": "StatusCode.ERROR", "description": "RateLimitError: slow"}},
    "javascript": {**SCRIPT, "status": {"code": 2, "message": "RateLimitError: slow"}},
    "javascript's context": {**{key: SCRIPT[key] for key in SCRIPT if key not in ("traceId", "spanId")},
                             "spanContext": {"traceId": "a" * 32, "spanId": "b" * 16},
                             "status": {"code": 2, "message": "RateLimitError: slow"}},
    "phoenix": {**PYTHON, "status_code": "ERROR", "status_message": "RateLimitError: slow"},
}  # fmt: skip


@pytest.mark.parametrize("name", TROUBLE)
def test_spans_as_sdks_print_them_keep_time_and_trouble(name: str, imported: Imported, tmp_path: Path) -> None:
    paths = written(tmp_path / "spans.jsonl", TROUBLE[name])
    assert detect_format([str(paths[0])], ImportMap()) == "phoenix"
    (step,) = imported("phoenix", paths).assembled.steps
    (attempt,) = step.attempts
    assert (attempt.error, attempt.latency_ms, attempt.success) == ("RateLimitError: slow", 2000, None)


def test_single_spans_are_no_otlp_and_the_way_is_told(imported: Imported, tmp_path: Path) -> None:
    (bad,) = imported("otlp", written(tmp_path / "spans.jsonl", PYTHON)).malformed
    assert "--from phoenix" in bad.reason


MODEL = {"gen_ai.request.model": "gpt-4o"}
FLAT: dict[str, dict[str, Any]] = {
    "blocks": {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content.0.text": "How many?",
               "gen_ai.completion.0.text": "Two."},
    "blocks in order": {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content.0.text": "How",
                        "gen_ai.prompt.0.content.1.text": "many?", "gen_ai.completion.0.text": "Tw",
                        "gen_ai.completion.1.text": "o."},
    "a result and words": {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content.0.toolResult.toolUseId": "c",
                           "gen_ai.prompt.0.content.0.toolResult.content.0.text": "40",
                           "gen_ai.prompt.0.content.1.text": "How many?", "gen_ai.completion.0.text": "Two."},
    "words as they were": {"gen_ai.prompt.0.role": "user", "gen_ai.prompt.0.content": "How many?",
                           "gen_ai.completion.0.role": "assistant", "gen_ai.completion.0.content": "Two."},
}  # fmt: skip


@pytest.mark.parametrize("name", FLAT)
def test_blocks_that_were_flattened_are_put_together(name: str, imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp({**MODEL, **FLAT[name]})
    (step,) = imported("otlp", written(tmp_path / "spans.jsonl", *rows)).assembled.steps
    assert " ".join(step.step.messages[0].content.split()) in ("How many?", "How many? 40")
    assert step.attempts[0].output == "Two."


def test_a_tool_that_was_flattened_is_called(imported: Imported, tmp_path: Path) -> None:
    words = {"gen_ai.completion.0.text": "Let me.", "gen_ai.completion.1.toolUse.name": "add",
             "gen_ai.completion.1.toolUse.input": '{"n": 1}'}  # fmt: skip
    _, rows = otlp({**MODEL, "gen_ai.prompt.0.content": "How many?", **words})
    (step,) = imported("otlp", written(tmp_path / "spans.jsonl", *rows)).assembled.steps
    (attempt,) = step.attempts
    assert attempt.tool_calls is not None
    assert ([call.name for call in attempt.tool_calls], attempt.output) == (["add"], "Let me.")


EMPTY = [("user", ""), ("user", " \n"), ("system", "")]


@pytest.mark.parametrize(
    "messages", [*([{"role": role, "content": text}] for role, text in EMPTY), [{"role": "user", "content": []}]]
)
def test_a_prompt_without_any_text_is_no_step(messages: Any, imported: Imported, tmp_path: Path) -> None:
    pair = {"request": {"model": "gpt-4o", "messages": messages}, "response": {"choices": []}}
    report = imported("openai", written(tmp_path / "pairs.jsonl", pair))
    assert report.assembled.steps == ()
    assert sum(report.skipped.values()) == 1


@pytest.mark.parametrize("reasons", ['["LENGTH"]', '["length"]', "length", "MAX_TOKENS"])
def test_reasons_are_read_as_text_or_list(reasons: str, imported: Imported, tmp_path: Path) -> None:
    words = {**CHAT, "gen_ai.completion.0.content": "Two.", "gen_ai.response.finish_reasons": reasons}
    _, rows = otlp(words)
    (step,) = imported("otlp", written(tmp_path / "spans.jsonl", *rows)).assembled.steps
    assert step.attempts[0].finish_reason == "length"


@pytest.mark.parametrize("reason", ["stop", "length", "content_filter"])
def test_openinference_keeps_the_reason_of_the_raw_answer(reason: str, imported: Imported, tmp_path: Path) -> None:
    raw = {"choices": [{"message": {"role": "assistant", "content": "Two."}, "finish_reason": reason}]}
    words = {
        "openinference.span.kind": "LLM", "llm.model_name": "gpt-4o", "output.value": json.dumps(raw),
        "llm.input_messages.0.message.role": "user", "llm.input_messages.0.message.content": "How many?",
        "llm.output_messages.0.message.content": "Two.",
    }  # fmt: skip
    _, rows = otlp(words)
    (step,) = imported("otlp", written(tmp_path / "spans.jsonl", *rows)).assembled.steps
    assert (step.attempts[0].output, step.attempts[0].finish_reason) == ("Two.", reason)


def named(rows: list[Any], name: str) -> list[Any]:
    rows[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"] = name
    return rows


def test_a_model_that_only_the_name_tells_is_read(imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp({"gen_ai.operation.name": "chat", "gen_ai.input.messages": ASKED})
    (step,) = imported("otlp", written(tmp_path / "spans.jsonl", *named(rows, "chat gpt-4o"))).assembled.steps
    assert step.attempts[0].model == "gpt-4o"


@pytest.mark.parametrize("words", [{"gen_ai.operation.name": "invoke_agent"}, {}])
def test_an_agents_run_is_no_call_and_is_counted(words: Any, imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp({**MODEL, "gen_ai.input.messages": ASKED, "gen_ai.output.messages": SAID, **words})
    report = imported("otlp", written(tmp_path / "spans.jsonl", *named(rows, "invoke_agent Ada")))
    assert report.assembled.steps == ()
    assert [reason for reason in report.skipped if "agent's run" in reason]


@pytest.mark.parametrize("name", ["evaluate answers", "plan the day", "run", "tool box"])
def test_a_name_of_ones_own_says_nothing(name: str, imported: Imported, tmp_path: Path) -> None:
    _, rows = otlp({**MODEL, "gen_ai.input.messages": ASKED})
    assert len(imported("otlp", written(tmp_path / "spans.jsonl", *named(rows, name))).assembled.steps) == 1


SPAN_ROW = {"context.span_id": "b" * 16, "context.trace_id": "a" * 32, "name": "call", "span_kind": "LLM",
            "attributes.llm.model_name": "gpt-4o", "attributes.input.value": "How many?",
            "attributes.output.value": "Two."}  # fmt: skip
OPINIONS: dict[str, list[dict[str, Any]]] = {
    "columns of the table": [{**SPAN_ROW, "eval.correct.label": "yes", "eval.correct.score": 1.0}],
    "a table of evaluations": [SPAN_ROW, {"context.span_id": "b" * 16, "eval.correct.label": "yes"}],
    "a table of annotations": [SPAN_ROW, {"span_id": "b" * 16, "annotation_name": "correct", "annotator_kind": "HUMAN",
                                          "result.label": "yes", "result.score": None}],
    "annotations of the api": [SPAN_ROW, {"span_id": "b" * 16, "name": "correct", "result": {"label": "yes"}}],
}  # fmt: skip


@pytest.mark.parametrize("name", OPINIONS)
def test_opinions_in_every_table_of_phoenix_find_their_spans(name: str, imported: Imported, tmp_path: Path) -> None:
    rule = ImportMap.from_mapping({"success": {"correct": {"success": ["yes"]}}})
    report = imported("phoenix", written(tmp_path / "spans.jsonl", *OPINIONS[name]), rule)
    assert report.malformed == ()
    (step,) = report.assembled.steps
    assert (step.attempts[0].success, step.attempts[0].evaluator) == (True, "correct")
