"""What must not become a failure: different questions, thinking, refusals, cut logs, trouble of providers."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ImportReport

Import = Callable[..., ImportReport]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "n", "schema": SCHEMA}}
TEXT = {"type": "text", "text": '{"n": 40}'}
PICTURE = "data:image/png;base64,iVBORw0KGgo"


def langfuse(source_id: str, asked: Any, model: str, second: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": source_id, "traceId": "t", "type": "GENERATION", "name": "g", "model": model, "input": asked,
        "startTime": f"2026-10-01T10:00:{second:02}Z", "endTime": f"2026-10-01T10:00:{second + 1:02}Z",
        "usageDetails": {"input": 9, "output": 2}, **fields,
    }  # fmt: skip


def genai(span_id: str, model: str, second: int, **words: Any) -> dict[str, Any]:
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, **words}
    values = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    begun = 1_790_000_000 + second
    span = {
        "traceId": "a" * 32, "spanId": span_id * 16, "name": "chat", "attributes": values,
        "startTimeUnixNano": f"{begun}000000000", "endTimeUnixNano": f"{begun}500000000",
    }  # fmt: skip
    return {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}


@pytest.fixture
def read(imported: Import, tmp_path: Path) -> Callable[..., ImportReport]:
    """``read(format, rows)``: an import of the rows, of which none is malformed."""

    def run(format_name: str, rows: list[dict[str, Any]]) -> ImportReport:
        path = tmp_path / "rows.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        report = imported(format_name, [path])
        assert report.malformed == ()
        return report

    return run


def outcomes(report: ImportReport) -> list[list[bool | None]]:
    return [[attempt.success for attempt in step.attempts] for step in report.assembled.steps]


USER = {"role": "user", "content": "Read the amount."}
DIFFERENT: dict[str, tuple[Any, Any]] = {
    "system beside the messages": (
        {"system": "Classify.", "messages": [USER]},
        {"system": "Write.", "messages": [USER]},
    ),
    "system as parts": (
        {"system": [{"type": "text", "text": "Classify."}], "messages": [USER]},
        {"system": [{"type": "text", "text": "Write."}], "messages": [USER]},
    ),
    "instructions of a response": (
        {"instructions": "Classify.", "input": "x"},
        {"instructions": "Write.", "input": "x"},
    ),
    "gemini's system instruction": (
        {"contents": "x", "config": {"system_instruction": "Classify."}},
        {"contents": "x", "config": {"system_instruction": "Write."}},
    ),
    "pictures": (
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Read."}, {"type": "image_url", "image_url": {"url": "a"}}],
            }
        ],
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "Read."}, {"type": "image_url", "image_url": {"url": "b"}}],
            }
        ],
    ),
    "pictures of which the log kept nothing": (
        [{"role": "user", "content": [{"type": "text", "text": "Read."}, {"type": "image", "source": "<omitted>"}]}],
        [{"role": "user", "content": [{"type": "text", "text": "Read."}, {"type": "image", "source": "<omitted>"}]}],
    ),
    "results of tools": (
        [USER, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "1"}]}],
        [USER, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "2"}]}],
    ),
    "items of a response": (
        [USER, {"type": "function_call_output", "call_id": "c", "output": "1"}],
        [USER, {"type": "function_call_output", "call_id": "c", "output": "2"}],
    ),
    "items that are not known": (
        [USER, {"type": "computer_call_output", "output": {"x": 1}}],
        [USER, {"type": "computer_call_output", "output": {"x": 2}}],
    ),
    "arguments of a function": ({"args": ["x"], "kwargs": {"k": 1}}, {"args": ["x"], "kwargs": {"k": 2}}),
    "thinking of an earlier turn": (
        [
            USER,
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "a"}, {"type": "text", "text": "b"}]},
        ],
        [
            USER,
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "c"}, {"type": "text", "text": "b"}]},
        ],
    ),
    "texts that the log cut": (
        [{"role": "user", "content": "The same beginning ... (litellm_truncated 4000 chars)"}],
        [{"role": "user", "content": "The same beginning ... (litellm_truncated 4000 chars)"}],
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_different_questions_are_two_steps_and_nobody_failed(name: str, read: Any) -> None:
    small, large = DIFFERENT[name]
    rows = [langfuse("a", small, "gpt-4o-mini", 0), langfuse("b", large, "gpt-4o", 5)]
    assert outcomes(read("langfuse", rows)) == [[None], [None]]


@pytest.mark.parametrize(
    "part",
    [
        [
            {"type": "uri", "modality": "image", "uri": "gs://b/1.png"},
            {"type": "uri", "modality": "image", "uri": "gs://2"},
        ],
        [{"type": "blob", "content": "AAAA"}, {"type": "blob", "content": "BBBB"}],
        [{"type": "blob", "mime_type": "image/png"}, {"type": "blob", "mime_type": "image/png"}],
        [{"type": "file", "file_id": "file-1"}, {"type": "file", "file_id": "file-2"}],
    ],
)
def test_parts_of_spans_that_are_no_text_tell_questions_apart(part: list[dict[str, Any]], read: Any) -> None:
    asked = [[{"role": "user", "parts": [{"type": "text", "content": "Read."}, each]}] for each in part]
    rows = [
        genai(str(n), model, 5 * n, **{"gen_ai.input.messages": json.dumps(asked[n])})
        for n, model in enumerate(("gpt-4o-mini", "gpt-4o"))
    ]
    rows[0]["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["spanId"] = "c" * 16
    assert outcomes(read("otlp", rows)) == [[None], [None]]


def test_different_questions_are_told_apart_in_litellm_and_langsmith_too(read: Any) -> None:
    litellm = [
        {"id": name, "trace_id": "t", "call_type": "anthropic_messages", "status": "success", "model": model,
         "messages": [USER], "model_parameters": {"system": system}, "startTime": 1795000000.0 + at,
         "endTime": 1795000001.0 + at}
        for name, model, system, at in (("a", "gpt-4o-mini", "Classify.", 0), ("b", "gpt-4o", "Write.", 5))
    ]  # fmt: skip
    assert outcomes(read("litellm", litellm)) == [[None], [None]]
    langsmith = [
        {"id": name, "trace_id": "t", "run_type": "llm", "name": "x", "start_time": f"2026-10-01T10:00:0{at}",
         "end_time": f"2026-10-01T10:00:0{at + 1}", "inputs": {"kwargs": {"input": "x", "instructions": told}},
         "extra": {"metadata": {"ls_model_name": model}}}
        for name, model, told, at in (("a", "gpt-4o-mini", "Classify.", 0), ("b", "gpt-4o", "Write.", 5))
    ]  # fmt: skip
    assert outcomes(read("langsmith", langsmith)) == [[None], [None]]


@pytest.mark.parametrize(
    "asked",
    [
        [USER],
        {"system": "Classify.", "messages": [USER], "temperature": 0},
        [
            {
                "role": "user",
                "content": [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": PICTURE}}],
            }
        ],
        {"contents": [{"role": "user", "parts": [{"text": "x"}]}]},
    ],
)
def test_the_very_same_question_is_still_one_step(asked: Any, read: Any) -> None:
    rows = [langfuse("a", asked, "gpt-4o-mini", 0), langfuse("b", asked, "gpt-4o", 5)]
    assert outcomes(read("langfuse", rows)) == [[False, None]]


@pytest.mark.parametrize(
    "answer",
    [
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, TEXT]},
        {"role": "assistant", "parts": [{"type": "reasoning", "content": "Hm."}, TEXT]},
        {"role": "assistant", "reasoning_content": "Hm.", "content": '{"n": 40}'},
        {"role": "assistant", "content": '<think>Hm. {"n": 3}</think>{"n": 40}'},
        {"role": "assistant", "content": '{"n": 40}', "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        {"candidates": [{"content": {"parts": [{"text": "Hm.", "thought": True}, {"text": '{"n": 40}'}]}}]},
        {"output": [{"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
                    {"type": "message", "content": [{"type": "output_text", "text": '{"n": 40}'}]}]},
        {"role": "assistant", "content": '```json\n{"n": 40}\n```'},
        {"role": "assistant", "content": '```json {"n": 40} ```'},
        {"role": "assistant", "content": '\ufeff{"n": 40}'},
        {"role": "assistant", "content": '[THINK]{3}[/THINK]{"n": 40}'},
        {"role": "assistant", "content": '<|channel|>analysis<|message|>{3}<|channel|>final<|message|>{"n": 40}'},
        '{"n": 40}',
    ],
)  # fmt: skip
def test_thinking_does_not_break_a_schema(answer: Any, read: Any) -> None:
    asked = {"messages": [USER], "response_format": FORMAT}
    assert outcomes(read("langfuse", [langfuse("a", asked, "gpt-4o-mini", 0, output=answer)])) == [[None]]


@pytest.mark.parametrize(
    "answer",
    [
        {"role": "assistant", "content": None, "refusal": "I cannot."},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot."}]},
        {"choices": [{"message": {"role": "assistant", "content": None}, "finish_reason": "content_filter"}]},
        {"role": "assistant", "content": "I cannot.", "stop_reason": "refusal"},
        {"role": "assistant", "content": "redacted-by-litellm"},
        {"role": "assistant", "content": "[REDACTED]"},
        {"role": "assistant", "content": '{"n": 4... (litellm_truncated 90 chars)'},
        {"role": "assistant", "content": "<think>It says"},
        {"choices": [{"message": {"role": "assistant", "content": '{"n"'}, "finish_reason": "length"}]},
        {"choices": [], "usage": {}},
        {"choices": [{"message": {"content": ""}, "finish_reason": "error"}], "error": {"code": 502}},
        {"error": {"message": "overloaded"}},
    ],
)
def test_a_refusal_a_gap_and_an_error_are_no_broken_schema(answer: Any, read: Any) -> None:
    asked = {"messages": [USER], "response_format": FORMAT}
    assert outcomes(read("langfuse", [langfuse("a", asked, "gpt-4o-mini", 0, output=answer)])) == [[None]]


def test_an_answer_that_breaks_the_schema_still_fails(read: Any) -> None:
    asked = {"messages": [USER], "response_format": FORMAT}
    report = read("langfuse", [langfuse("a", asked, "gpt-4o-mini", 0, output={"role": "assistant", "content": "four"})])
    assert outcomes(report) == [[False]]


@pytest.mark.parametrize(
    "error",
    [
        {"error_class": "RateLimitError"},
        {"error_class": "Timeout"},
        {"error_class": "APIConnectionError", "error_message": ""},
        {"error_class": "InternalServerError", "error_code": "500"},
        {"error_code": "429"},
        {"error_class": "litellm.RateLimitError", "error_message": "ValidationError: tokens per minute"},
    ],
)
@pytest.mark.parametrize("place", ["column", "metadata"])
def test_trouble_that_is_known_by_its_class_alone_is_not_the_models(error: Any, place: str, read: Any) -> None:
    rows = [
        {"request_id": name, "session_id": "s", "call_type": "acompletion", "spend": 0.0, "model": model,
         "messages": [USER], "prompt_tokens": 0, "completion_tokens": 0, "metadata": json.dumps({}),
         "startTime": f"2026-10-01 10:00:0{at}+00:00", "endTime": f"2026-10-01 10:00:0{at + 1}+00:00"}
        for name, model, at in (("a", "gpt-4o-mini", 0), ("b", "gpt-4o", 5))
    ]  # fmt: skip
    told = {"status": "failure", "error_information": error}
    rows[0] |= told if place == "column" else {"metadata": json.dumps(told)}
    report = read("litellm", rows)
    assert outcomes(report) == [[None, None]]
    failed = report.assembled.steps[0].attempts[0]
    assert (failed.input_tokens, failed.cost_usd, failed.error is not None) == (None, None, True)


@pytest.mark.parametrize("error_type", ["RateLimitError", "429", "timeout", "openai.APITimeoutError", "_OTHER"])
def test_an_error_type_on_a_span_without_a_status_is_trouble_too(error_type: str, read: Any) -> None:
    asked = {"gen_ai.input.messages": json.dumps([{"role": "user", "parts": [{"type": "text", "content": "x"}]}])}
    rows = [genai("c", "gpt-4o-mini", 0, **asked, **{"error.type": error_type}), genai("d", "gpt-4o", 5, **asked)]
    assert outcomes(read("otlp", rows)) == [[None, None]]
