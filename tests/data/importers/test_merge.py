"""Importing into a log that already holds steps."""

from dataclasses import replace
from pathlib import Path

import pytest

from tierwise.data.importers import ForeignLogError
from tierwise.data.importers.merge import MergeCount, merge_into
from tierwise.data.records import Attempt, LoggedStep, Step
from tierwise.data.step_log import load_step_logs


def step(*ids: str, success: bool | None = None) -> LoggedStep:
    source = {"format": "test", "ids": list(ids)}
    attempts = tuple(Attempt("small", success=success, cost_usd=0.1) for _ in ids)
    return LoggedStep(
        f"test-{ids[0]}", Step(text="x"), attempts, timestamp=1_764_000_000.123456, extra={"source": source}
    )


def ids_in(path: Path) -> list[str]:
    return [found.step_id for found in load_step_logs([path]).steps]


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.parquet"])
def test_a_second_import_adds_nothing_and_writes_nothing(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    assert merge_into(path, [step("a"), step("b", "c")]) == MergeCount(n_new=2)
    before = path.stat().st_mtime_ns, path.read_bytes()
    assert merge_into(path, [step("a"), step("b", "c")]) == MergeCount(n_unchanged=2)
    assert (path.stat().st_mtime_ns, path.read_bytes()) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_late_verdict_renews_its_step_in_place(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    merge_into(path, [step("a"), step("b")])
    assert merge_into(path, [step("a", success=True)]) == MergeCount(n_changed=1)
    assert ids_in(path) == ["test-a", "test-b"]
    assert load_step_logs([path]).steps[0].attempts[0].success is True


def test_a_step_grows_when_the_rest_of_its_attempts_comes_later(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    merge_into(path, [step("b"), step("x"), step("c")])
    assert merge_into(path, [step("a", "b", "c")]) == MergeCount(n_changed=1)
    assert ids_in(path) == ["test-a", "test-x"]
    assert merge_into(path, [step("b")]) == MergeCount(n_unchanged=1)  # the older, smaller export once more


def test_steps_of_other_origins_stay(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    own = replace(step("own"), step_id="s-1", extra={"kept": 1})
    merge_into(path, [own])
    assert merge_into(path, [step("a"), own]) == MergeCount(n_new=1, n_unchanged=1)
    assert load_step_logs([path]).steps[0].extra == {"kept": 1}


def test_a_log_with_broken_lines_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text("{broken\n", encoding="utf-8")
    with pytest.raises(ForeignLogError, match="holds 1 malformed line"):
        merge_into(path, [step("a")])
    assert path.read_text(encoding="utf-8") == "{broken\n"
