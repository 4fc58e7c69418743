"""Logs of coding agents: what the real programs wrote about the same short session against a stub."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import FORMATS, ImportMap, ImportReport, import_records
from tierwise.features.trajectory import read_trajectory

AGENTS = Path(__file__).parent / "fixtures" / "agents"
RECORDED = {"codex": "codex.jsonl", "claude-code": "claude_code.jsonl", "opencode": "opencode.json"}
SHELLS = {"codex": "exec_command", "claude-code": "Bash", "opencode": "bash"}
RESULT = "the total is 42"

Import = Callable[..., ImportReport]


@pytest.fixture
def read(tmp_path: Path) -> Import:
    """Imports files, or an object that is written to one."""
    stub = {"name": "stub-1", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    tiers = TierCatalogue.from_mapping(
        {"tiers": [{"name": "small", "models": [stub]}, {"name": "frontier", "models": [{"name": "other"}]}]}
    )

    def run(format_name: str, source: Any, mapping: ImportMap | None = None) -> ImportReport:
        if not isinstance(source, Path):
            path = tmp_path / "session.json"
            path.write_text(source if isinstance(source, str) else json.dumps(source), encoding="utf-8")
            source = path
        mapping = mapping or ImportMap()
        return import_records(format_name, FORMATS[format_name].read([source], mapping), tiers, mapping)

    return run


@pytest.mark.parametrize("name", RECORDED)
def test_every_answer_of_the_model_is_a_step_with_its_prefix(name: str, read: Import) -> None:
    report = read(name, AGENTS / RECORDED[name])
    assert report.malformed == ()
    asked, shown = report.assembled.steps
    assert asked.task_id == shown.task_id is not None
    assert (asked.step.step_index, shown.step.step_index) == (0, 1)
    assert asked.step.messages[-1].role == "user"
    assert "What is the total?" in asked.step.messages[-1].content
    called, result = shown.step.messages[-2:]
    assert shown.step.messages[: len(asked.step.messages)] == asked.step.messages
    assert (called.role, called.content) == ("assistant", "Let me see.")
    assert [each["function"]["name"] for each in called.extra["tool_calls"]] == [SHELLS[name]]
    assert result.role == "tool"
    assert RESULT in result.content


@pytest.mark.parametrize("name", RECORDED)
def test_tokens_cost_and_times_are_those_of_the_log(name: str, read: Import) -> None:
    for logged in read(name, AGENTS / RECORDED[name]).assembled.steps:
        (attempt,) = logged.attempts
        assert (attempt.tier, attempt.model, attempt.success) == ("small", "stub-1", None)
        assert (attempt.input_tokens, attempt.cached_tokens, attempt.output_tokens) == (120, 20, 7)
        assert attempt.cost_usd is not None
        assert logged.timestamp is not None


@pytest.mark.parametrize("name", RECORDED)
def test_the_trajectory_is_read_off_the_imported_messages(name: str, read: Import) -> None:
    trajectory = read_trajectory(read(name, AGENTS / RECORDED[name]).assembled.steps[1].step.messages)
    (action,), (result,) = trajectory.actions, trajectory.results
    assert action.kind == "run"
    assert result is not None
    assert not result.is_failure


@pytest.mark.parametrize("name", [*RECORDED, "openhands", "mini-swe-agent"])
def test_foreign_lines_are_reported_or_left_out_and_never_stop_an_import(name: str, read: Import) -> None:
    report = read(name, '{"some": "thing"}\n{"payload": 3, "message": []}\nnot json\n')
    assert report.assembled.steps == ()
    assert report.malformed
