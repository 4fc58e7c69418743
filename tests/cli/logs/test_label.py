"""``tierwise label`` as a person at a terminal uses it: blind, in a random order, left and gone on with."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RunTierwise = Callable[..., Any]


@pytest.fixture
def ask(tierwise: RunTierwise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Runs ``tierwise label`` with these answers typed in, one a line."""
    monkeypatch.chdir(tmp_path)

    def run(typed: str, *options: object) -> Any:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{key}\n" for key in typed)))
        return tierwise("label", "--log", "log.jsonl", "--by", "ada", *options)

    return run


def write(folder: Path, n_steps: int, is_same: Callable[[int], bool], judge: Callable[[int], float | None]) -> None:
    lines = []
    for i in range(n_steps):
        small = {"tier": "small", "output": f"{'TOP' if is_same(i) else 'LOW'}-{i} " + "long prose " * 40}
        if (score := judge(i)) is not None:
            small["judge_score"] = score  # type: ignore[assignment]
        top = {"tier": "frontier", "output": f"TOP-{i} " + "prose that is long " * 40}
        step = {"text": f"Task {i}", "task_type": "draft" if i % 2 else "plan"}
        lines.append({"step_id": f"s-{i}", "step": step, "attempts": [small, top]})
    (folder / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def labels(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text().splitlines()]


def test_labels_are_kept_and_asked_once(ask: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path, 30, lambda _: True, lambda _: 1.0)
    first = ask("ynsq", "--n", 10)
    assert first.code == 0
    assert "Stopped after 3; the same command goes on." in first.err
    assert [(each["value"], each["by"], each["question"]) for each in labels(tmp_path)] == [
        (True, "ada", "same"),
        (False, "ada", "same"),
        (None, "ada", "same"),
    ]
    second = ask("y" * 20, "--n", 10)
    assert second.code == 0
    found = labels(tmp_path)
    assert len(found) == 10
    assert len({each["step_id"] for each in found}) == 10
    assert [each["step_id"] for each in found] != [f"s-{i}" for i in range(10)]


def test_nobody_sees_whose_answer_is_whose(ask: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path, 40, lambda _: False, lambda _: None)
    said = ask("y" * 40, "--n", 40).out
    firsts = [block.split("\n")[1][:3] for block in said.split("Answer 1:")[1:]]
    assert {"TOP", "LOW"} == set(firsts)
    assert "frontier" not in said.split("Mean the same")[0]


def test_what_the_judge_is_worth_is_said(ask: Callable[..., Any], tmp_path: Path) -> None:
    """The person says yes to the first twenty and no to the rest, the judge agrees on most."""
    write(tmp_path, 400, lambda _: True, lambda i: float(i % 5 > 0))
    ran = ask("".join("y" if i % 3 else "n" for i in range(60)), "--n", 60)
    assert ran.code == 0
    row = next(line for line in ran.out.splitlines() if "small" in line and "400" in line)
    assert "60" in row
    assert "66.7%" in row
    assert "Without labels a judge certifies nothing" in ran.err
    assert any("small, draft" in line for line in ran.out.splitlines())


def test_the_other_question_and_bad_options(ask: Callable[..., Any], tmp_path: Path) -> None:
    write(tmp_path, 3, lambda _: True, lambda _: None)
    assert "Is it right?" in ask("yyn", "--ask", "success", "--n", 3).out
    assert "--ask is 'taste'; same or success is needed" in ask("", "--ask", "taste").err
    assert "the log holds no answers to label" in ask("", "--tier", "mid").err
    empty = ask("", "--n", 0)
    assert (empty.code, "no label yet" in empty.err) == (1, True)
    (tmp_path / "labels.jsonl").write_text("{}\n")
    assert "labels.jsonl:1 is no label" in ask("y").err
