"""Shapes that current versions of the tools write: seen in public repositories, told here with words of our own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.importers import ForeignLogError, ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format
from tierwise.data.records import LoggedStep

Imported = Callable[..., ImportReport]


def written(path: Path, *rows: object) -> list[Path]:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return [path]


def asked(step: LoggedStep) -> list[tuple[str, str]]:
    return [(message.role, message.content) for message in step.step.messages]


def codex_line(kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": "2026-10-01T08:00:00Z", "type": kind, "payload": payload}


EVENT = codex_line("event_msg", type="user_message", message="Count the files.")
ITEM = codex_line(
    "response_item", type="message", role="user", content=[{"type": "input_text", "text": "Count the files."}]
)


@pytest.mark.parametrize("said", [[EVENT], [ITEM], [EVENT, ITEM], [ITEM, EVENT]])
def test_what_the_user_of_codex_said_is_heard_once(said: list[Any], imported: Imported, tmp_path: Path) -> None:
    answer = codex_line(
        "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": "Four."}]
    )
    head = [codex_line("session_meta", id="s"), codex_line("turn_context", model="gpt-4o")]
    (step,) = imported("codex", written(tmp_path / "r.jsonl", *head, *said, answer)).assembled.steps
    assert asked(step) == [("user", "Count the files.")]
    assert step.attempts[0].output == "Four."


def test_the_same_words_in_the_next_turn_are_heard_again(imported: Imported, tmp_path: Path) -> None:
    answer = codex_line(
        "response_item", type="message", role="assistant", content=[{"type": "output_text", "text": "4"}]
    )
    lines = [
        codex_line("session_meta", id="s"),
        codex_line("turn_context", model="gpt-4o"),
        EVENT,
        answer,
        EVENT,
        answer,
    ]
    first, second = imported("codex", written(tmp_path / "r.jsonl", *lines)).assembled.steps
    assert [role for role, _ in asked(first)] == ["user"]
    assert [role for role, _ in asked(second)] == ["user", "assistant", "user"]


@pytest.mark.parametrize("kind", ["llm", "LLM", "chat_model"])
def test_runs_of_both_versions_of_langsmiths_api(kind: str, imported: Imported, tmp_path: Path) -> None:
    row = {
        "id": "r-1", "name": "ChatModel", "run_type": kind, "start_time": "2026-10-01T08:00:00Z", "trace_id": "t-1",
        "inputs": {"messages": [{"type": "human", "data": {"content": "How many days?"}}]},
        "outputs": {"messages": [{"type": "ai", "data": {"content": "Ten."}}]},
        "extra": {"metadata": {"ls_model_name": "gpt-4o"}},
    }  # fmt: skip
    (step,) = imported("langsmith", written(tmp_path / "runs.jsonl", row)).assembled.steps
    assert asked(step) == [("user", "How many days?")]
    assert step.attempts[0].output == "Ten."


def test_observations_that_name_their_type_in_full(imported: Imported, tmp_path: Path) -> None:
    seen = {
        "id": "o-1", "observationType": "GENERATION", "startTime": "2026-10-01T08:00:00Z", "model": "gpt-4o",
        "input": [{"role": "user", "content": "Sort it."}], "output": "billing",
        "usageDetails": {"input": 10, "output": 5, "total": 15}, "calculatedTotalCost": 0.25,
    }  # fmt: skip
    frame = {"id": "o-2", "observationType": "SPAN", "name": "sorting", "startTime": "2026-10-01T08:00:00Z"}
    trace = {"id": "t-1", "name": "mail", "observations": [seen, frame]}
    (step,) = imported("langfuse", written(tmp_path / "t.jsonl", trace)).assembled.steps
    (attempt,) = step.attempts
    assert (asked(step), attempt.output) == ([("user", "Sort it.")], "billing")
    assert (attempt.input_tokens, attempt.output_tokens, attempt.cost_usd) == (10, 5, 0.25)


MLFLOW_SPAN = {
    "trace_id": "AQEBAQEBAQEBAQEBAQEBAQ==", "span_id": "AgICAgICAgI=", "parent_span_id": None, "name": "call",
    "start_time_unix_nano": 1790000000000000000, "end_time_unix_nano": 1790000001000000000, "events": [],
    "status": {"code": "STATUS_CODE_OK", "message": ""},
    "attributes": {
        "mlflow.traceRequestId": '"tr-1"', "mlflow.spanType": '"CHAT_MODEL"',
        "mlflow.spanInputs": json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Sort it."}]}),
        "mlflow.spanOutputs": json.dumps({"choices": [{"message": {"role": "assistant", "content": "billing"}}]}),
    },
}  # fmt: skip
VERDICT = {"assessment_name": "thumbs", "feedback": {"value": True}}
MLFLOW_INFO = {"trace_id": "tr-1", "assessments": [VERDICT]}
MLFLOW_ROWS: dict[str, dict[str, Any]] = {
    "a trace": {"info": MLFLOW_INFO, "data": {"spans": [MLFLOW_SPAN]}},
    "a row with the trace as text": {"trace_id": "tr-1", "state": "OK",
                                     "trace": json.dumps({"info": MLFLOW_INFO, "data": {"spans": [MLFLOW_SPAN]}})},
    "a row with its spans": {"trace_id": "tr-1", "spans": [MLFLOW_SPAN], "assessments": [VERDICT]},
    "a row with its spans as text": {"trace_id": "tr-1", "spans": json.dumps([MLFLOW_SPAN]),
                                     "assessments": json.dumps([VERDICT])},
    "the artefact": {"spans": [MLFLOW_SPAN]},
}  # fmt: skip


@pytest.mark.parametrize("name", MLFLOW_ROWS)
def test_traces_of_mlflow_in_every_form_that_it_gives(name: str, imported: Imported, tmp_path: Path) -> None:
    rule = ImportMap.from_mapping({"success": {"thumbs": {"success": [True]}}})
    (step,) = imported("mlflow", written(tmp_path / "t.jsonl", MLFLOW_ROWS[name]), rule).assembled.steps
    (attempt,) = step.attempts
    assert (asked(step), attempt.output, step.task_id) == ([("user", "Sort it.")], "billing", "tr-1")
    assert attempt.success is (None if name == "the artefact" else True)


@pytest.mark.parametrize(
    ("error", "success"),
    [
        ("prompt is too long: 250000 tokens > 200000 maximum", False),
        ("This model's maximum context length is 8192 tokens", False),
        ("OutputParserException: could not parse", False),
        ("The response was filtered: content_filter", None),
        ("ContentPolicyViolationError: flagged", None),
        ("429 rate limit: tokens per minute", None),
        ("Connection reset", None),
        ("something else", None),
    ],
)
def test_errors_are_told_by_what_they_are_about(
    error: str, success: bool | None, imported: Imported, tmp_path: Path
) -> None:
    row = {"id": "r-1", "run_type": "llm", "name": "x", "trace_id": "t", "start_time": "2026-10-01T08:00:00Z",
           "inputs": {"messages": [{"role": "user", "content": "Sort it."}]}, "error": error,
           "extra": {"metadata": {"ls_model_name": "gpt-4o"}}}  # fmt: skip
    (step,) = imported("langsmith", written(tmp_path / "runs.jsonl", row)).assembled.steps
    (attempt,) = step.attempts
    assert (attempt.success, attempt.evaluator) == (success, None if success is None else "error")


@pytest.mark.parametrize("status", ["success", "error", "started"])
def test_a_log_of_inspect_without_samples_says_so(status: str, imported: Imported, tmp_path: Path) -> None:
    row = {"version": 2, "status": status, "eval": {"task": "x", "model": "gpt-4o"}}
    report = imported("inspect", written(tmp_path / "log.json", row))
    assert [reason for reason in report.skipped if "without samples" in reason]
    assert report.malformed == ()


ASKS = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Sort it."}]}
OVERLOADED = {"type": "overloaded_error", "message": "Overloaded"}
TOO_LONG = {"type": "invalid_request_error", "message": "prompt is too long: 9 tokens > 8 maximum"}
BATCH_ENDS: dict[str, tuple[dict[str, Any], str, bool | None]] = {
    "an error": ({"result": {"type": "errored", "error": OVERLOADED}}, "Overloaded", None),
    "an error in a body": (
        {"result": {"type": "errored", "error": {"type": "error", "error": OVERLOADED, "request_id": "r"}}},
        "Overloaded", None,
    ),
    "too long": ({"result": {"type": "errored", "error": {"type": "error", "error": TOO_LONG}}},
                 TOO_LONG["message"], False),
    "expired": ({"result": {"type": "expired"}}, "expired", None),
    "canceled": ({"result": {"type": "canceled"}}, "canceled", None),
    "expired at openai": ({"response": None, "error": {"code": "batch_expired", "message": "too late"}},
                          "too late", None),
    "refused at openai": (
        {"response": {"status_code": 429, "body": {"error": {"message": "slow", "code": "rate_limit_exceeded"}}}},
        "slow", None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BATCH_ENDS)
def test_how_a_request_of_a_batch_ended_is_told(name: str, imported: Imported, tmp_path: Path) -> None:
    ended, error, success = BATCH_ENDS[name]
    rows = [{"custom_id": "a", "params": ASKS}, {"custom_id": "a", **ended}]
    (step,) = imported("openai", written(tmp_path / "batch.jsonl", *rows)).assembled.steps
    assert (step.attempts[0].error, step.attempts[0].success) == (error, success)


NO_TEXT = [
    {"object": "list", "data": [{"object": "embedding", "embedding": [0.1]}], "model": "text-embedding-3-small"},
    {"created": 1, "data": [{"b64_json": "aGk="}]},
    {"created": 1, "data": [{"url": "https://x"}]},
    {"id": "m", "model": "omni-moderation", "results": [{"flagged": False}]},
    {"model": "nomic", "embedding": [0.1]},
]


@pytest.mark.parametrize("answered", NO_TEXT)
@pytest.mark.parametrize("is_batch", [False, True])
def test_embeddings_and_pictures_are_no_steps(
    answered: dict[str, Any], is_batch: bool, imported: Imported, tmp_path: Path
) -> None:
    asks = {"model": "text-embedding-3-small", "input": "Sort it."}
    pair = [{"request": asks, "response": answered}]
    halves = [{"custom_id": "a", "body": asks}, {"custom_id": "a", "response": {"status_code": 200, "body": answered}}]
    report = imported("openai", written(tmp_path / "log.jsonl", *(halves if is_batch else pair)))
    assert report.assembled.steps == ()
    assert [reason for reason in report.skipped if "no text" in reason]


@pytest.mark.parametrize("wrap", [lambda row: row, lambda row: {"model": "x", "standard_logging_object": row},
                                  lambda row: {"standard_logging_object": json.dumps(row), "kwargs": {}}])  # fmt: skip
def test_what_a_callback_of_litellm_was_called_with_holds_the_payload(
    wrap: Callable[[Any], Any], imported: Imported, tmp_path: Path
) -> None:
    said = {"choices": [{"message": {"role": "assistant", "content": "billing"}, "finish_reason": "stop"}]}
    row = {"id": "c-1", "call_type": "acompletion", "status": "success", **ASKS, "response": said,
           "response_cost": 0.25, "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15,
           "startTime": 1790000000.5, "endTime": 1790000001.5}  # fmt: skip
    (step,) = imported("litellm", written(tmp_path / "log.jsonl", wrap(row))).assembled.steps
    (attempt,) = step.attempts
    assert (asked(step), attempt.output, attempt.cost_usd) == ([("user", "Sort it.")], "billing", 0.25)


UNREAD: dict[str, tuple[object, str]] = {
    "weave.jsonl": (
        {"op_name": "weave:///a/b/op/chat:1", "inputs": {}, "output": {}},
        "W&B Weave; .*--from weave says why",
    ),
    "braintrust.jsonl": (
        {"id": "1", "root_span_id": "1", "span_attributes": {"type": "llm"}},
        "Braintrust; .*--from braintrust",
    ),
    "helicone.jsonl": ({"request_body": {}, "response_body": {}}, "Helicone; .*--from helicone"),
    "cassette.json": ({"interactions": [{"request": {}, "response": {}}]}, "VCR; .*jq"),
    "cassette.yaml": ("interactions: []", "YAML; write its calls"),
    "batch.json": ({"post": [], "patch": []}, r"list_runs\(\) and use --from langsmith"),
    "old.traj": ({"history": [{"role": "user", "content": "x"}], "trajectory": []}, "SWE-agent; .*replay_config"),
    "samples_x.jsonl": ({"doc_id": 0, "doc": {}, "arguments": {}, "resps": []}, "lm-evaluation-harness; .*inspect_ai"),
    "scenario_state.json": ({"adapter_spec": {}, "request_states": []}, "HELM; .*csv"),
    "tau.json": ([{"task_id": 0, "reward": 0.0, "info": {}, "traj": []}], "tau-bench; .*csv"),
    "BFCL_v3_result.json": ({"id": "x", "result": "", "input_token_count": 1, "latency": 1}, "BFCL; .*csv"),
    "api_conversation_history.json": ([{"role": "user", "content": [], "ts": 1}], "Cline or Roo Code; .*--observe"),
    "conversations.json": ([{"mapping": {}, "current_node": "x"}], "ChatGPT; it names neither"),
    "claude.json": ([{"chat_messages": [], "uuid": "x"}], "Claude; it names neither"),
    "steps.json": ([{"model_input_messages": [], "model_output": "x"}], "smolagents run; .*--from otlp"),
    "deepeval.json": ({"testCases": []}, "DeepEval; it names neither"),
    "train.jsonl": ({"messages": [{"role": "user", "content": "x"}]}, "fine-tuning; .*use the log"),
    ".aider.chat.history.md": ("# chat", "a text for people"),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_known_and_not_read_says_what_to_do_in_one_line(name: str, tmp_path: Path) -> None:
    content, told = UNREAD[name]
    path = tmp_path / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(ForeignLogError, match=told) as raised:
        detect_format([str(path)], ImportMap())
    assert "\n" not in str(raised.value)
