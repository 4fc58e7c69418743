"""CSV with a mapping file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.data.importers import ForeignLogError, ImportMap, ImportReport

MAP = ImportMap.from_mapping(
    {
        "csv": {"text": "prompt", "model": "llm", "task_id": "chat", "input_tokens": "in", "timestamp": "when"},
        "success": {"ok": {"success": ["yes"], "failure": ["no"]}},
    }
)
HEADER = "prompt,llm,chat,in,when,ok\n"


def run(imported: Callable[..., ImportReport], tmp_path: Path, rows: str, mapping: ImportMap = MAP) -> ImportReport:
    path = tmp_path / "log.csv"
    path.write_text(rows, encoding="utf-8")
    return imported("csv", [path], mapping)


def test_columns_become_fields_and_verdicts(imported: Callable[..., ImportReport], tmp_path: Path) -> None:
    rows = HEADER + 'Hi,gpt-4o,c1,12,2026-11-01T00:00:00Z,yes\n"Two\nlines",gpt-4o-mini,c1,,,no\nHi,gpt-4o-mini,c2,,,\n'
    report = run(imported, tmp_path, rows)
    found = {step.step.prompt + step.attempts[0].tier: step for step in report.assembled.steps}
    assert found["Hifrontier"].attempts[0].success is True
    assert found["Hifrontier"].attempts[0].input_tokens == 12
    assert found["Two\nlinessmall"].attempts[0].success is False
    assert found["Hismall"].attempts[0].success is None
    assert found["Hifrontier"].task_id == found["Two\nlinessmall"].task_id == "c1"


def test_labels_reach_the_step(imported: Callable[..., ImportReport], tmp_path: Path) -> None:
    columns = {
        name: name for name in ("text", "model", "agent", "node", "task_type", "session_id", "decision_id", "group")
    }
    rows = ",".join(columns) + "\nHi,gpt-4o,billing,totals,extract,c-1,d-1,invoices\n"
    (step,) = run(imported, tmp_path, rows, ImportMap.from_mapping({"csv": columns})).assembled.steps
    assert (step.step.agent, step.step.node, step.step.task_type) == ("billing", "totals", "extract")
    assert (step.session_id, step.group) == ("c-1", "invoices")
    assert step.decision is not None
    assert step.decision.decision_id == "d-1"


def test_equal_rows_are_different_calls_with_stable_ids(imported: Callable[..., ImportReport], tmp_path: Path) -> None:
    rows = HEADER + "Hi,gpt-4o,,,,\n" * 3
    ids = [[step.step_id for step in run(imported, tmp_path, rows).assembled.steps] for _ in range(2)]
    assert len(set(ids[0])) == 3
    assert ids[0] == ids[1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("Hi,gpt-4o,c1,many,,yes", "in: is 'many'; a whole number is needed"),
        ("Hi,gpt-4o,c1,12,yesterday,yes", "has the time 'yesterday'"),
        ("Hi,gpt-4o", "has more or fewer fields than the header"),
        ("Hi,gpt-4o,c1,12,,yes,extra", "has more or fewer fields than the header"),
    ],
)
def test_a_bad_row_is_kept_with_its_number(
    row: str, reason: str, imported: Callable[..., ImportReport], tmp_path: Path
) -> None:
    report = run(imported, tmp_path, f"{HEADER}Hi,gpt-4o,,,,\n{row}\n")
    (bad,) = report.malformed
    assert bad.line_number == 3
    assert reason in bad.reason
    assert "Hi" in bad.raw
    assert len(report.assembled.steps) == 1


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, r'needs --map with \[csv\] text = "COLUMN"'),
        ({"text": "prompt", "model": "nothere"}, "has no column 'nothere'; its columns are prompt, llm"),
        ({"text": "prompt", "model": "llm", "colour": "in"}, "unknown key 'colour'"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(
    columns: dict[str, str], message: str, imported: Callable[..., ImportReport], tmp_path: Path
) -> None:
    with pytest.raises(ForeignLogError, match=message):
        run(imported, tmp_path, HEADER + "Hi,gpt-4o,,,,\n", ImportMap.from_mapping({"csv": columns}))
