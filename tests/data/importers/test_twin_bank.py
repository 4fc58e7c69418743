"""TwinRouterBench's question bank: rows as its generator writes them, made by hand."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tierwise.data.importers import ImportMap, ImportReport
from tierwise.data.importers.detect import detect_format

Import = Callable[..., ImportReport]
BANK = Path(__file__).parent / "evaluations" / "twin.jsonl"
MODELS = {"low": "small", "mid": "small", "mid_high": "frontier", "high": "frontier"}
RULES = {"target_tier": {"success": [True], "failure": [False]}}
PLACED = ImportMap.from_mapping({"models": MODELS, "success": RULES})
ROWS = [json.loads(line) for line in BANK.read_text(encoding="utf-8").splitlines()]


def test_rows_become_steps_of_their_instance_with_what_the_label_proves(imported: Import) -> None:
    report = imported("twin", [BANK], PLACED)
    assert report.malformed == ()
    first, second, meeting = report.assembled.steps
    assert {first.task_id, second.task_id, first.group} == {"swebench/p-1"}
    assert [step.step.step_index for step in (first, second)] == [0, 1]
    assert (first.step.agent, first.step.task_type) == ("swebench", "code_swe")
    assert [(a.tier, a.success) for a in first.attempts] == [("frontier", False), ("frontier", True)]
    assert [a.success for a in second.attempts] == [True] * 4
    assert [(a.tier, a.success) for a in meeting.attempts] == [
        ("small", False), ("small", True), ("frontier", True), ("frontier", True)
    ]  # fmt: skip
    assert {a.evaluator for a in first.attempts} == {"target_tier"}
    assert [message.role for message in second.step.messages] == ["user", "assistant", "tool"]


def test_a_bank_is_known_by_its_rows() -> None:
    assert detect_format([str(BANK)], ImportMap()) == "twin"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"target_tier": "huge"}, "names no target_tier"),
        ({"target_tier": "low", "target_tier_id": 2}, "names no target_tier"),
        ({"target_tier": None, "target_tier_id": None}, "names no target_tier"),
        ({"target_tier": ["low"]}, "names no target_tier"),
        ({"target_tier": None, "target_tier_id": True}, "names no target_tier"),
        ({"id": 7}, "has no id"),
        ({"messages": 7}, ""),
        ({"messages": []}, ""),
    ],
)
def test_a_row_of_another_form_costs_itself_alone(
    change: dict[str, object], word: str, imported: Import, tmp_path: Path
) -> None:
    path = tmp_path / "bank.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in (ROWS[0] | change, ROWS[2])), encoding="utf-8")
    report = imported("twin", [path], PLACED)
    assert len(report.assembled.steps) == 1
    assert word in "".join(line.reason for line in report.malformed)
    assert len(report.malformed) + sum(report.skipped.values()) >= 1


def test_either_the_name_or_the_number_of_the_tier_is_enough(imported: Import, tmp_path: Path) -> None:
    path = tmp_path / "bank.jsonl"
    rows = [ROWS[2] | {"target_tier": None, "id": "a"}, ROWS[2] | {"target_tier_id": None, "id": "b"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    steps = imported("twin", [path], PLACED).assembled.steps
    assert {tuple(a.success for a in step.attempts) for step in steps} == {(False, True, True, True)}
