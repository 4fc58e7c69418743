"""Parquet files that other tools wrote are read as far as their nesting agrees, and refused row by row."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.records import Attempt, LoggedStep, Logprobs, Message, Step, Tool, ToolCall
from tierwise.data.step_log import StepLog, load_step_logs, write_step_log

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")


def foreign(path: Path, *rows: dict[str, Any]) -> StepLog:
    parquet.write_table(pyarrow.Table.from_pylist(list(rows)), path / "foreign.parquet")
    return load_step_logs([path / "foreign.parquet"])


def test_typed_columns_and_unknown_columns_are_read(tmp_path: Path) -> None:
    moment = datetime(2026, 11, 1, 12, tzinfo=UTC)
    row = {"step_id": "s", "step": {"text": "hi"}, "timestamp": moment, "region": "eu", "seen": moment}
    (step,) = foreign(tmp_path, row | {"attempts": [{"tier": "small", "success": None}]}).steps
    assert step.timestamp == 1_793_534_400.0
    assert step.attempts == (Attempt("small"),)
    assert step.extra == {"region": "eu", "seen": moment}
    for name in ("again.jsonl", "again.parquet"):
        write_step_log(tmp_path / name, [step])
        (again,) = load_step_logs([tmp_path / name]).steps
        assert again.extra == {"region": "eu", "seen": str(moment)}


def test_columns_may_be_missing_or_null(tmp_path: Path) -> None:
    rows = [{"step_id": f"s{i}", "step": {"text": "hi", "tools": None}, "attempts": None} for i in range(2)]
    assert foreign(tmp_path, *rows).steps == (LoggedStep("s0", Step("hi")), LoggedStep("s1", Step("hi")))


def test_schemas_may_be_structs_or_json_text(tmp_path: Path) -> None:
    tools = [{"name": "t", "parameters": {"type": "object"}}]
    (step,) = foreign(tmp_path, {"step_id": "s", "step": {"text": "", "tools": tools}}).steps
    assert step.step.tools == (Tool("t", parameters={"type": "object"}),)
    (step,) = foreign(tmp_path, {"step_id": "s", "step": {"text": "", "response_schema": '{"type": "array"}'}}).steps
    assert step.step.response_schema == {"type": "array"}


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"id": "s"}, "step_id: is missing"),
        ({"step_id": "s", "step": "just text"}, "step: is 'just text'; a JSON object is needed"),
        ({"step_id": "s", "step": {"text": "", "response_schema": "{cut"}}, "step.response_schema: is '{cut'"),
        ({"step_id": "s", "step": {"text": "", "tools": ["lookup"]}}, "step.tools[0]: is 'lookup'"),
        ({"step_id": "s", "step": {"text": ""}, "attempts": ["small"]}, "attempts[0]: is 'small'"),
        ({"step_id": "s", "step": {"text": ""}, "attempts": [{"tier": "mid", "cost_usd": float("nan")}]}, "is nan"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_a_row_that_cannot_be_read_is_reported_with_its_number(
    row: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    log = foreign(tmp_path, row)
    assert log.steps == ()
    (malformed,) = log.malformed
    assert malformed.line_number == 1
    assert reason in malformed.reason
    assert malformed.raw.startswith("{")


@pytest.mark.slow
def test_many_rows_come_in_batches_and_in_order(tmp_path: Path) -> None:
    steps = [LoggedStep(f"s{i}", Step("hi")) for i in range(5_003)]
    assert write_step_log(tmp_path / "log.parquet", steps) == 5_003
    assert list(load_step_logs([tmp_path / "log.parquet"]).steps) == steps
    assert write_step_log(tmp_path / "none.parquet", []) == 0
    assert load_step_logs([tmp_path / "none.parquet"]).steps == ()


def test_every_field_comes_back_and_objects_are_json_text(tmp_path: Path) -> None:
    step = Step("hi", tools=(Tool("find", "Finds.", {"type": "object"}, {"x": 1}),), response_schema={"type": "object"})
    asked = Attempt(
        "small", tool_calls=(ToolCall("find", {"id": 1}), ToolCall("find", "{broken")), logprobs=Logprobs(-1, -2, 3)
    )
    said = Step(messages=(Message("user", "hi", {"name": "ann"}),), input_complexity=4, retry=2, human_visible=True)
    steps = [
        LoggedStep("s-1", step, (asked, Attempt("mid", tool_calls=()))),
        LoggedStep("s-2", said, (Attempt("small"),)),
    ]
    write_step_log(tmp_path / "log.parquet", steps)
    assert load_step_logs([tmp_path / "log.parquet"]).steps == tuple(steps)
    first, second = parquet.read_table(tmp_path / "log.parquet").to_pylist()
    assert first["step"]["response_schema"] == '{"type": "object"}'
    assert (first["step"]["messages"], second["step"]["tools"]) == ([], [])
    assert (first["attempts"][1]["tool_calls"], second["attempts"][0]["tool_calls"]) == ([], None)
