"""Logs of further projects, in shapes that they and their users keep as test data, with words of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.dialects import DIALECTS
from tests.data.importers.made_calls import Made
from tests.data.importers.span_dialects import otlp
from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format
from tierwise.data.records import Attempt, LoggedStep

Imported = Callable[..., ImportReport]
ANY = ImportMap.from_mapping({"models": {"*mini*": "small", "*": "frontier"}})
MADE = Made("Be brief.", "How many?", "Four.", "find", 100, 5, 60, 0.25, is_good=True)
YOUNG = (
    "Braintrust",
    "Weave",
    "Opik",
    "PostHog",
    "Helicone",
    "Datadog",
    "Mastra",
    "DSPy",
    "AutoGen",
    "llm",
    "Genkit",
    "Langtrace",
)


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def asked(step: LoggedStep) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in step.step.messages]


def attempts(report: ImportReport) -> list[Attempt]:
    return [attempt for step in report.assembled.steps for attempt in step.attempts]


@pytest.mark.parametrize("name", [name for name in DIALECTS if name.startswith(YOUNG)])
def test_a_file_says_whose_it_is(name: str, tmp_path: Path) -> None:
    format_name, rows = DIALECTS[name][0](MADE)
    (path,) = written(tmp_path / "log.jsonl", *rows)
    assert detect_format([str(path)], ANY) == format_name


USER = {"role": "user", "content": [{"type": "text", "text": "How many?"}]}
SPAN = {"span_attributes": {"type": "llm"}, "root_span_id": "r", "span_id": "s", "metadata": {"model": "gpt-4o-mini"}}
WEAVE = {"op_name": "weave:///a/b/op/openai.chat.completions.create:f", "id": "1", "trace_id": "t"}
OPIK = {"type": "llm", "id": "1", "trace_id": "t", "start_time": "2026-02-03T10:00:00Z", "model": "gpt-4o-mini"}


@pytest.mark.parametrize(
    ("format_name", "row", "why"),
    [
        ("braintrust", {**SPAN, "input": {"question": {"of": 4}}}, "input is there and holds no messages"),
        ("braintrust", SPAN, "none of input is there"),
        ("weave", {**WEAVE, "inputs": {"model": "m", "kwargs": {}}}, "inputs is there and holds no messages"),
        ("opik", {**OPIK, "input_data": {"x": 1}}, "none of input is there; input_data is there"),
        ("helicone", {"request_body": {"input": "x"}, "response_body": {"data": []}}, "request_body.messages was"),
        ("helicone", {"request_body": {"model": "m"}, "response_body": {}}, "request_body is there and holds no"),
        ("weave", {**WEAVE, "op_name": "sort", "inputs": {"messages": [USER]}}, "its model; output.model or"),
        ("posthog", {"event": "$ai_generation", "properties": {"$ai_model": "m"}}, "none of properties"),
        ("dspy", {"outputs": [], "kwargs": {}, "model": "m", "model_type": "embedding"}, "an embedding"),
        ("autogen", {"type": "ToolCall", "tool_name": "find"}, "an event ToolCall"),
        ("mastra", {"traceId": "t", "id": "1", "type": "model_generation", "attributes": {"model": "m"}},
         "none of input is there"),
        ("datadog", {"span_id": "1", "meta": {"kind": "llm", "model_name": "m", "input": {}}}, "none of meta.input"),
    ],
)  # fmt: skip
def test_what_is_left_out_says_what_was_looked_for(
    format_name: str, row: Any, why: str, imported: Imported, tmp_path: Path
) -> None:
    report = imported(format_name, written(tmp_path / "x.jsonl", row), ANY)
    assert report.malformed == ()
    assert attempts(report) == []
    assert any(why in reason for reason in report.skipped), dict(report.skipped)


@pytest.mark.parametrize(
    "format_name",
    ["braintrust", "weave", "opik", "helicone", "datadog", "mastra", "dspy", "autogen", "llm", "pi", "goose"],
)
@pytest.mark.parametrize(
    "row",
    [
        {"a": 1},
        {"type": "LLM"},
        {"messages": "x"},
        {"input": [], "output": None},
        {"timestamp": "soon"},
        {"trace": {}, "spans": 3},
    ],
)
def test_what_is_of_another_kind_is_reported_or_left_out(
    format_name: str, row: Any, imported: Imported, tmp_path: Path
) -> None:
    report = imported(format_name, written(tmp_path / "x.jsonl", row), ANY)
    assert attempts(report) == []


def test_errors_scores_and_caches_of_rows_are_what_they_say(imported: Imported, tmp_path: Path) -> None:
    rows = [
        {**SPAN, "span_id": "a", "input": "x", "error": "429 rate limit reached", "scores": {"good": None}},
        {**SPAN, "span_id": "b", "input": "y", "output": "z", "metrics": {"cached": 1, "prompt_tokens": 5}},
    ]
    report = imported("braintrust", written(tmp_path / "x.jsonl", *rows), ANY)
    found = attempts(report)
    assert [(each.success, each.evaluator) for each in found] == [(None, None), (None, None)]
    assert [each.cost_usd for each in found] == [None, 0.0]


@pytest.mark.parametrize("score", [{"good": 0.9}, {"good": 0.1}])
def test_a_score_of_a_whole_trace_is_about_its_task(score: Any, imported: Imported, tmp_path: Path) -> None:
    root = {"span_id": "r", "root_span_id": "r", "span_attributes": {"type": "task"}, "scores": score}
    calls = [{**SPAN, "span_id": each, "span_parents": ["r"], "input": each, "output": "z"} for each in ("a", "b")]
    rule = {"success": {"good": {"at_least": 0.5}}, "models": {"*": "small"}}
    mapping = ImportMap.from_mapping(rule)
    single = imported("braintrust", written(tmp_path / "x.jsonl", root, calls[0]), mapping)
    several = imported("braintrust", written(tmp_path / "y.jsonl", root, *calls), mapping)
    assert [(each.success, each.evaluator) for each in attempts(single)] == [(score["good"] > 0.5, "good")]
    assert [each.success for each in attempts(several)] == [None, None]


@pytest.mark.parametrize("path", ["/images/generations", "/embeddings", "/audio/speech"])
def test_what_langtrace_calls_no_chat_is_none(path: str, imported: Imported, tmp_path: Path) -> None:
    words = {"langtrace.service.type": "llm", "llm.api": path, "llm.model": "m", "llm.prompts": '["A box."]'}
    report = imported("otlp", written(tmp_path / "x.jsonl", *otlp(words)[1]), ANY)
    assert (report.n_calls, report.n_frames, report.malformed) == (0, 1, ())


ASKS = [{"role": "user", "content": "Book two seats."}]
CALLED = {"id": "c7", "name": "book", "arguments": {"seats": 2}}
OTHER_FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "Braintrust, Anthropic's blocks": ("braintrust", {**SPAN, "input": ASKS, "output": {
        "role": "assistant", "content": [{"type": "tool_use", "id": "c7", "name": "book", "input": {"seats": 2}}]}}),
    "Braintrust, messages inside": ("braintrust", {**SPAN, "input": {"messages": ASKS}, "output": {
        "role": "assistant", "content": None, "tool_calls": [{"function": CALLED}]}}),
    "Weave, a function of one's own": ("weave", {**WEAVE, "op_name": "weave:///a/b/op/chat_completion:v1",
        "inputs": {"messages": ASKS}, "summary": {"usage": {"gpt-4o-mini": {"prompt_tokens": 5}}},
        "output": {"choices": [{"message": {"role": "assistant", "tool_calls": [{"function": CALLED}]}}]}}),
    "Weave, Anthropic's client": ("weave", {**WEAVE, "op_name": "weave:///a/b/op/anthropic.Messages.create:v1",
        "inputs": {"model": "m", "system": "", "messages": ASKS}, "output": {"model": "gpt-4o-mini",
        "role": "assistant", "content": [{"type": "tool_use", "id": "c7", "name": "book", "input": {"seats": 2}}]}}),
    "Datadog, an agent's span": ("datadog", {"trace_id": "t", "span_id": "1", "name": "a", "start": 1, "duration": 1,
        "meta": {"span.kind": "llm", "model_name": "gpt-4o-mini"},
        "meta_struct": {"_llmobs": {"meta": {"input": {"messages": ASKS}, "output": {"messages": [
            {"role": "assistant", "tool_calls": [{"name": "book", "arguments": {"seats": 2}, "tool_id": "c7"}]}]}}}}}),
    "Opik, a message": ("opik", {**OPIK, "input": {"messages": ASKS}, "output": {"choices": [
        {"message": {"role": "assistant", "tool_calls": [{"function": CALLED}]}}]}}),
    "AutoGen, a stream's end": ("autogen", {"type": "LLMStreamEnd", "messages": ASKS, "model": "gpt-4o-mini",
        "response": {"content": [{"id": "c7", "type": "function_call", "name": "book", "arguments": '{"seats": 2}'}]}}),
    "Mastra, tool calls": ("mastra", {"traceId": "t", "spanId": "1", "spanType": "model_generation", "input": ASKS,
        "attributes": {"model": "gpt-4o-mini"}, "output": {"text": "", "toolCalls": [
            {"toolName": "book", "toolCallId": "c7", "args": {"seats": 2}}]}}),
    "Helicone, Responses": ("helicone", {"request_body": {"model": "gpt-4o-mini", "input": "Book two seats."},
        "response_body": {"object": "response", "output": [
            {"type": "function_call", "call_id": "c7", "name": "book", "arguments": '{"seats": 2}'}]}}),
    "PostHog, parts": ("posthog", {"event": "$ai_generation", "properties": {"$ai_model": "gpt-4o-mini",
        "$ai_input": ASKS, "$ai_output_choices": [{"role": "assistant", "content": [
            {"type": "function", "id": "c7", "function": {"name": "book", "arguments": {"seats": 2}}}]}]}}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_FORMS)
def test_calls_of_tools_are_read_in_every_form(name: str, imported: Imported, tmp_path: Path) -> None:
    format_name, row = OTHER_FORMS[name]
    report = imported(format_name, written(tmp_path / "x.jsonl", row), ANY)
    assert (report.malformed, dict(report.skipped)) == ((), {})
    (step,) = report.assembled.steps
    assert asked(step) == [("user", "Book two seats.")]
    (attempt,) = step.attempts
    assert [(call.name, json.loads(str(call.arguments))) for call in attempt.tool_calls or ()] == [
        ("book", {"seats": 2})
    ]
    assert (attempt.tier, attempt.success) == ("small", None)


def test_what_is_said_of_weaves_outermost_function_is_about_the_task(imported: Imported, tmp_path: Path) -> None:
    judged = {
        "weave": {"feedback": [{"feedback_type": "wandb.runnable.good", "payload": {"output": {"passed": False}}}]}
    }
    outer = {"id": "1", "trace_id": "t", "parent_id": None, "op_name": "weave:///a/b/op/sort:f",
             "inputs": {"mail": "x"}, "summary": judged}  # fmt: skip
    inner = {**WEAVE, "id": "2", "parent_id": "1", "inputs": {"model": "gpt-4o-mini", "messages": ASKS}, "output": "ok"}
    rule = {"success": {"good.passed": {"success": [True], "failure": [False]}}, "models": {"*": "small"}}
    report = imported("weave", written(tmp_path / "x.jsonl", outer, inner), ImportMap.from_mapping(rule))
    assert [(each.success, each.evaluator) for each in attempts(report)] == [(False, "good.passed")]
    assert report.assembled.steps[0].step.agent == "sort"


@pytest.mark.parametrize(
    ("row", "text", "n_in"),
    [
        ({"response": "ModelResponse(id='x', choices=[...])", "outputs": ["Four."]}, "Four.", 90),
        ({"response": {"choices": [{"message": {"content": "Four."}}]}, "outputs": ["Four."]}, "Four.", 90),
        ({"response": None, "outputs": [{"text": "Four.", "reasoning_content": "Hm."}]}, "Four.", 90),
        ({"response": None, "outputs": ["Four."], "usage": {}, "cost": None}, "Four.", None),  # out of DSPy's cache
    ],
)
def test_a_history_of_dspy_has_its_answer_among_the_outputs(
    row: Any, text: str, n_in: int | None, imported: Imported, tmp_path: Path
) -> None:
    shared = {"messages": ASKS, "prompt": None, "kwargs": {}, "model": "openai/gpt-4o-mini", "uuid": "u",
              "usage": {"prompt_tokens": 90, "completion_tokens": 4}, "timestamp": "2026-02-03T10:00:00.5"}  # fmt: skip
    (attempt,) = attempts(imported("dspy", written(tmp_path / "x.jsonl", {**shared, **row}), ANY))
    assert (attempt.output, attempt.input_tokens) == (text, n_in)


@pytest.mark.parametrize(
    ("told", "counts"),
    [
        ({"$ai_provider": "openai", "$ai_input_tokens": 90, "$ai_cache_read_input_tokens": 60}, (90, 60)),
        ({"$ai_provider": "anthropic", "$ai_input_tokens": 30, "$ai_cache_read_input_tokens": 60}, (90, 60)),
        (
            {"$ai_output_choices": [{"message": {"role": "assistant", "content": "Four."}}], "$ai_input_tokens": 9},
            (9, None),
        ),
        ({"$ai_output_choices": {"choices": [{"message": {"content": "Four."}}]}, "$ai_input_tokens": 9}, (9, None)),
    ],
)
def test_events_of_posthog_in_every_form(told: Any, counts: Any, imported: Imported, tmp_path: Path) -> None:
    shared = {"$ai_model": "gpt-4o-mini", "$ai_input": {"messages": ASKS}, "$ai_output_tokens": 4,
              "$ai_output_choices": [{"role": "assistant", "content": "Four."}]}  # fmt: skip
    row = {"event": "$ai_generation", "uuid": "1", "properties": {**shared, **told}}
    (attempt,) = attempts(imported("posthog", written(tmp_path / "x.jsonl", row), ANY))
    assert (attempt.output, attempt.input_tokens, attempt.cached_tokens) == ("Four.", *counts)


def test_an_address_is_no_prompt(imported: Imported, tmp_path: Path) -> None:
    told = {"$ai_model": "gpt-4o-mini", "$ai_input": "s3://bucket/event.multipart?range=0-500"}
    row = {"event": "$ai_generation", "properties": told}
    report = imported("posthog", written(tmp_path / "x.jsonl", row), ANY)
    assert list(report.skipped) == [
        "a call without its prompt; properties.$ai_input is there and holds no messages that are known"
    ]


B = {"gen_ai.request.model": "gpt-4o-mini", "gen_ai.usage.input_tokens": 90, "gen_ai.usage.output_tokens": 4}
CONTENT_EVENTS = [
    ("gen_ai.content.prompt", {"gen_ai.prompt": "How many?"}),
    ("gen_ai.content.completion", {"gen_ai.completion": "Four."}),
]
META = {"model": "gpt-4o-mini", "finish_reason": "stop", "usage": {"prompt_tokens": 90, "completion_tokens": 4}}
SPANS: dict[str, tuple[dict[str, Any], Any]] = {
    "contents in events": (B, CONTENT_EVENTS),
    "contents in attributes": ({**B, "gen_ai.content.prompt": "How many?", "gen_ai.content.completion": "Four."}, []),
    "AgentOps": ({**B, "agentops.span.kind": "llm", "operation.name": "chat", "gen_ai.prompt.0.role": "user",
                  "gen_ai.prompt.0.content": "How many?", "gen_ai.completion.0.content": "Four."}, []),
    "Haystack, a chat": ({
        "haystack.component.type": "OpenAIChatGenerator", "haystack.component.name": "llm",
        "haystack.component.input": json.dumps({"messages": [{"role": "user", "content": [{"text": "How many?"}]}]}),
        "haystack.component.output": json.dumps(
            {"replies": [{"role": "assistant", "content": [{"text": "Four."}], "meta": META}]})}, []),
    "Haystack, a prompt": ({
        "haystack.component.type": "OpenAIGenerator", "haystack.component.input": json.dumps({"prompt": "How many?"}),
        "haystack.component.output": json.dumps({"replies": ["Four."], "meta": [META]})}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", SPANS)
def test_spans_of_further_instrumentations(name: str, imported: Imported, tmp_path: Path) -> None:
    words, events = SPANS[name]
    report = imported("otlp", written(tmp_path / "x.jsonl", *otlp(words, events)[1]), ANY)
    assert (report.malformed, dict(report.skipped)) == ((), {})
    (step,) = report.assembled.steps
    assert asked(step) == [("user", "How many?")]
    (attempt,) = step.attempts
    assert (attempt.output, attempt.input_tokens, attempt.output_tokens) == ("Four.", 90, 4)


@pytest.mark.parametrize(
    ("words", "reasons"),
    [
        ({"haystack.component.output": json.dumps({"documents": []})}, []),
        ({"haystack.component.output": json.dumps({"replies": [{"meta": META, "content": "x"}]})},
         ["a call without its prompt; haystack.component.input is not there"]),
    ],
)  # fmt: skip
def test_other_components_of_haystack_are_frames(
    words: Any, reasons: list[str], imported: Imported, tmp_path: Path
) -> None:
    report = imported("otlp", written(tmp_path / "x.jsonl", *otlp(words)[1]), ANY)
    assert (report.n_calls, list(report.skipped), report.malformed) == (0, reasons, ())
