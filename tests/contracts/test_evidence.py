"""Nothing succeeds or fails without evidence: wherever success is known, ``evaluator`` names what told it."""

import ast
from pathlib import Path
from typing import Any, TypeGuard

import pytest

from tests.data.importers.made_logs import MADE_LOGS
from tierwise.agents.protocols import CHAT, MESSAGES, RESPONSES
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, import_records
from tierwise.data.importers.reading.records import Call, Record, Signal
from tierwise.data.records import Attempt
from tierwise.serving.gateway.calls.asked import parse_request
from tierwise.serving.gateway.courses.verdict import SCHEMA as SCHEMA_CHECK
from tierwise.serving.gateway.courses.verdict import TOOLS as TOOLS_CHECK
from tierwise.serving.gateway.courses.verdict import judge

LOGS = Path(__file__).parents[1] / "data" / "importers"
READ_AS = {
    "openai": ["openai_*"], "otlp": ["pydantic_ai*", "traceloop*", "openinference*"], "mlflow": ["mlflow*"],
    "litellm": ["litellm*"], "langfuse": ["langfuse*"], "langsmith": ["langsmith*", "langchain*"],
    "inspect": ["inspect*"], "promptfoo": ["promptfoo*.json"], "twin": ["twin*"],
    "phoenix": ["phoenix_spans*", "phoenix_annotations*"], "codex": ["agents/codex*"],
    "claude-code": ["agents/claude_code*"], "opencode": ["agents/opencode*"], "mini-swe-agent": ["agents/mini_swe*"],
}  # fmt: skip
ALL = (*READ_AS, *MADE_LOGS)
# These programs do not know whether a step succeeded, whatever a map says.
WITHOUT_VERDICTS = {"codex", "claude-code", "opencode", "openhands", "gemini-cli", "atif", "llm", "goose", "cline"}
ANY_MODEL = {"gpt-4o": "frontier", "gpt-4o-mini": "small", "*": "small"}
NAMED_COLUMNS = {"text": "prompt", "model": "model", "answer": "answer", "error": "error"}
TOLD = {"success": ["C", "yes", "up", True, "Submitted", "submitted"], "failure": ["I", "no", "down", False]}
PLAIN = ImportMap.from_mapping({"models": ANY_MODEL, "csv": NAMED_COLUMNS})
EAGER = ImportMap.from_mapping(
    {
        "success": {"*": {**TOLD, "at_least": 0.5}, "accepted": TOLD},
        "models": ANY_MODEL,
        "csv": NAMED_COLUMNS,
        "evidence": {"schema": "decides", "task_verdicts": "spread", "finish_reasons": ["length"]},
    }
)
INFERRED = {"error", "schema", "retry"}
TIERS = TierCatalogue.from_mapping(
    {
        "tiers": [
            {"name": "small", "models": [{"name": "gpt-4o-mini"}]},
            {"name": "frontier", "models": [{"name": "gpt-4o"}]},
        ]
    }
)


def _records(format_name: str, mapping: ImportMap, folder: Path) -> list[Record]:
    if format_name in MADE_LOGS:
        paths = [MADE_LOGS[format_name](folder)]
    else:
        folders = (LOGS / "fixtures", LOGS / "evaluations")
        paths = sorted(path for each in folders for name in READ_AS[format_name] for path in each.glob(name))
    assert paths
    return list(FORMATS[format_name].read(paths, mapping))


@pytest.mark.parametrize("mapping", [PLAIN, EAGER], ids=["default", "eager"])
@pytest.mark.parametrize("format_name", ALL)
def test_an_import_names_its_evidence(format_name: str, mapping: ImportMap, tmp_path: Path) -> None:
    """The evaluator is a verdict that the log holds and the map has a rule for, or one of the few that are inferred."""
    records = _records(format_name, mapping, tmp_path)
    attempts = _attempts(import_records(format_name, iter(records), TIERS, mapping).assembled.steps)
    assert attempts
    recorded = {record.name for record in records if isinstance(record, Signal)}
    named = INFERRED if mapping is PLAIN else INFERRED | {"finish_reason"} | recorded
    assert [each for each in attempts if each.success is not None and each.evaluator not in named] == []
    assert [each for each in attempts if each.success is None and each.evaluator is not None] == []
    if mapping is EAGER and format_name not in WITHOUT_VERDICTS:
        assert any(attempt.success is not None for attempt in attempts)


@pytest.mark.parametrize("format_name", ALL)
def test_readers_find_and_do_not_judge(format_name: str, tmp_path: Path) -> None:
    calls = [record for record in _records(format_name, EAGER, tmp_path) if isinstance(record, Call)]
    assert calls
    told = [call.attempt for call in calls]
    assert [each for each in told if (each.success, each.evaluator, each.score) != (None, None, None)] == []


@pytest.mark.parametrize("format_name", ALL)
def test_what_a_rule_does_not_name_counts_for_nothing(format_name: str, tmp_path: Path) -> None:
    """Without a rule, an error or a schema there is no success, however the log calls its own results."""
    off = ImportMap.from_mapping(
        {"models": ANY_MODEL, "csv": NAMED_COLUMNS, "evidence": {"schema": "off", "escalation": "off", "errors": []}}
    )
    records = _records(format_name, off, tmp_path)
    attempts = _attempts(import_records(format_name, iter(records), TIERS, off).assembled.steps)
    assert {attempt.success for attempt in attempts} == {None}


def test_every_format_is_walked() -> None:
    assert set(ALL) == set(FORMATS)


SCHEMA: dict[str, Any] = {
    "type": "json_schema",
    "json_schema": {"name": "n", "schema": {"type": "object", "required": ["n"]}},
}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {"name": "f", "parameters": {"type": "object", "required": ["n"]}},
}


TEXTS = ["x", '{"n": 1}', "", None]
CALLS = [[], [{"name": "f"}], [{"name": "f", "arguments": '{"n": 1}'}], [{"name": "g", "arguments": "{}"}]]


def _chat(text: str | None, calls: list[dict[str, str]], refusal: str | None) -> dict[str, Any]:
    message = {"content": text, "refusal": refusal, "tool_calls": [{"function": call} for call in calls]}
    return {"choices": [{"message": message, "finish_reason": "stop"}]}


def _responses(text: str | None, calls: list[dict[str, str]], refusal: str | None) -> dict[str, Any]:
    said = [{"type": "output_text", "text": text}] if text is not None else []
    said += [{"type": "refusal", "refusal": refusal}] if refusal else []
    items = [{"type": "message", "role": "assistant", "content": said}]
    return {"output": [*items, *({"type": "function_call", **call} for call in calls)], "status": "completed"}


def _anthropic(text: str | None, calls: list[dict[str, str]], refusal: str | None) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text}] if text is not None else []
    blocks += [{"type": "tool_use", "name": call["name"], "input": {}} for call in calls]
    return {"role": "assistant", "content": blocks, "stop_reason": "refusal" if refusal else "end_turn"}


CHAT_ASKED = [{}, {"response_format": SCHEMA}, {"tools": [TOOL]}, {"response_format": {}}]
FLAT_TOOL: dict[str, Any] = {"type": "function", **TOOL["function"]}
RESPONSE_FORMAT = {"format": {"type": "json_schema", **SCHEMA["json_schema"]}}
RESPONSES_ASKED = [{}, {"text": RESPONSE_FORMAT}, {"tools": [FLAT_TOOL]}]
ANTHROPIC_TOOL = {"name": "f", "input_schema": FLAT_TOOL["parameters"]}
MESSAGES_ASKED: list[dict[str, Any]] = [{"max_tokens": 9}, {"max_tokens": 9, "tools": [ANTHROPIC_TOOL]}]
PROTOCOLS = {
    "chat": (CHAT, "messages", CHAT_ASKED, _chat),
    "responses": (RESPONSES, "input", RESPONSES_ASKED, _responses),
    "messages": (MESSAGES, "messages", MESSAGES_ASKED, _anthropic),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("calls", CALLS)
@pytest.mark.parametrize("refusal", [None, "no"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_gateway_names_its_evidence(
    protocol: str, text: str | None, calls: list[dict[str, str]], refusal: str | None
) -> None:
    spoken, field, everything_asked, answer = PROTOCOLS[protocol]
    for asked in everything_asked:
        body = {"model": "auto", field: [{"role": "user", "content": "x"}], **asked}
        verdict = judge(parse_request(spoken, body, {}), spoken.read_answer(answer(text, calls, refusal)))
        assert verdict.evaluator in ((None,) if verdict.success is None else (SCHEMA_CHECK, TOOLS_CHECK))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_walk_meets_every_verdict(protocol: str) -> None:
    spoken, field, everything_asked, answer = PROTOCOLS[protocol]
    bodies = [{"model": "auto", field: [{"role": "user", "content": "x"}], **asked} for asked in everything_asked]
    met = {
        judge(parse_request(spoken, body, {}), spoken.read_answer(answer(text, calls, None))).success
        for body in bodies for text in TEXTS for calls in CALLS
    }  # fmt: skip
    assert {None, False} <= met
    assert True in met or protocol == "messages"  # its made calls have no arguments


def test_no_line_sets_success_without_its_evaluator(root: Path) -> None:
    """Reads every place in the importers, the service and the agents' side that says ``success``: it must say
    ``evaluator`` too. The dashboard only shows."""
    silent = [
        f"{path.relative_to(root)}:{node.lineno}"
        for folder in ("data/importers", "data/replies", "serving", "agents")
        for path in sorted((root / folder).rglob("*.py"))
        if "dashboard" not in path.parts
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if _says_success_alone(node)
    ]
    assert silent == []


def _says_success_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        said = {word.arg: word.value for word in node.keywords}
        is_map = isinstance(node.func, ast.Name) and node.func.id == "cls"  # the rules of a map
        return _is_said(said.get("success")) and "evaluator" not in said and not is_map
    if isinstance(node, ast.Dict):
        said = {key.value: value for key, value in zip(node.keys, node.values, strict=True) if _is_text(key)}
        return _is_said(said.get("success")) and "evaluator" not in said
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        set_here = {
            target.attr if isinstance(target, ast.Attribute) else target.slice.value
            for inner in ast.walk(node) if isinstance(inner, ast.Assign)
            for target in inner.targets
            if isinstance(target, ast.Attribute) or (isinstance(target, ast.Subscript) and _is_text(target.slice))
        }  # fmt: skip
        return "success" in set_here and "evaluator" not in set_here
    return False


def _is_said(value: ast.expr | None) -> bool:
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def _is_text(node: ast.AST | None) -> TypeGuard[ast.Constant]:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _attempts(steps: Any) -> list[Attempt]:
    return [attempt for step in steps for attempt in step.attempts]
