"""Nothing succeeds or fails without evidence: wherever success is known, ``evaluator`` names what told it."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tierwise.agents.protocols import CHAT
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, import_records
from tierwise.data.records import Attempt
from tierwise.serving.gateway.asked import parse_request
from tierwise.serving.gateway.verdict import judge

LOGS = Path(__file__).parents[1] / "data" / "importers"
READ_AS = {
    "openai": ["openai_*"], "otlp": ["pydantic_ai*", "traceloop*", "openinference*"], "mlflow": ["mlflow*"],
    "litellm": ["litellm*"], "langfuse": ["langfuse*"], "langsmith": ["langsmith*", "langchain*"],
    "inspect": ["inspect*"], "promptfoo": ["promptfoo*.json"],
    "phoenix": ["phoenix_spans*", "phoenix_annotations*"], "codex": ["agents/codex*"],
    "claude-code": ["agents/claude_code*"], "opencode": ["agents/opencode*"],
}  # fmt: skip
# A table has no words of its own, and these agents' tests write their logs themselves.
WITHOUT_RECORDS = {"csv", "openhands", "mini-swe-agent"}
ANY_MODEL = {"gpt-4o": "frontier", "gpt-4o-mini": "small", "*": "small"}
EAGER = ImportMap.from_mapping(
    {
        "success": {"*": {"success": ["C", "yes", "up", True], "failure": ["I", "no", "down", False], "at_least": 0.5}},
        "models": ANY_MODEL,
        "evidence": {"schema": "decides", "task_verdicts": "spread", "finish_reasons": ["length"]},
    }
)
TIERS = TierCatalogue.from_mapping(
    {
        "tiers": [
            {"name": "small", "models": [{"name": "gpt-4o-mini"}]},
            {"name": "frontier", "models": [{"name": "gpt-4o"}]},
        ]
    }
)


PLAIN = ImportMap.from_mapping({"models": ANY_MODEL})


@pytest.mark.parametrize("mapping", [PLAIN, EAGER], ids=["default", "eager"])
@pytest.mark.parametrize("format_name", READ_AS)
def test_an_import_names_its_evidence(format_name: str, mapping: ImportMap) -> None:
    folders = (LOGS / "fixtures", LOGS / "evaluations")
    paths = sorted(path for folder in folders for name in READ_AS[format_name] for path in folder.glob(name))
    assert paths
    records = FORMATS[format_name].read(paths, mapping)
    attempts = _attempts(import_records(format_name, records, TIERS, mapping).assembled.steps)
    assert attempts
    assert [attempt for attempt in attempts if attempt.success is not None and not attempt.evaluator] == []
    if mapping is EAGER and not READ_AS[format_name][0].startswith("agents/"):
        assert any(attempt.success is not None for attempt in attempts)


def test_every_format_is_walked() -> None:
    assert set(READ_AS) | WITHOUT_RECORDS == set(FORMATS)


SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object", "required": ["n"]}}}
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "required": ["n"]}}}


@pytest.mark.parametrize("asked", [{}, {"response_format": SCHEMA}, {"tools": [TOOL]}, {"response_format": {}}])
@pytest.mark.parametrize(
    "message",
    [
        {"content": "x"},
        {"content": '{"n": 1}'},
        {"content": None},
        {"content": None, "refusal": "no"},
        {"content": [{"type": "text", "text": '{"n": 1}'}]},
        {"content": "", "tool_calls": [{"function": {"name": "f"}}]},
        {"content": "", "tool_calls": [{"function": {"name": "g", "arguments": "{}"}}]},
        {},
    ],
)
def test_the_gateway_names_its_evidence(asked: dict[str, Any], message: dict[str, Any]) -> None:
    chat = parse_request(CHAT, {"model": "auto", "messages": [{"role": "user", "content": "x"}], **asked}, {})
    verdict = judge(chat, CHAT.read_answer({"choices": [{"message": message}]}))
    assert verdict.success is None or verdict.evaluator


def test_no_line_sets_success_without_its_evaluator(root: Path) -> None:
    """Reads every call in the importers and the gateway that says ``success``: it must say ``evaluator`` too."""
    silent = [
        f"{path.relative_to(root)}:{call.lineno}"
        for folder in ("data/importers", "data/replies", "serving/gateway")
        for path in sorted((root / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and _sets_success_alone(call)
    ]
    assert silent == []


def _sets_success_alone(call: ast.Call) -> bool:
    words = {word.arg: word.value for word in call.keywords}
    value = words.get("success")
    makes_records = isinstance(call.func, ast.Name) and call.func.id in ("replace", "Attempt", "Verdict")
    is_unknown = isinstance(value, ast.Constant) and value.value is None
    return makes_records and value is not None and not is_unknown and "evaluator" not in words


def _attempts(steps: Any) -> list[Attempt]:
    return [attempt for step in steps for attempt in step.attempts]
