"""The file of a journal: whole records, one writer, names of its own, and one line of words for every trouble."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agents.runtime.script import Workshop, entry, plan_of
from tierwise.agents.runtime.journal import TaskHead, TaskJournal
from tierwise.agents.runtime.journal_file import JournalError, JournalFile


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="files are locked where fcntl is")
def test_a_task_that_runs_is_not_resumed_beside_itself(tmp_path: Path) -> None:
    file = JournalFile.create(tmp_path, "t-1")
    with pytest.raises(JournalError, match="is in use: its task runs"):
        JournalFile.reopen(tmp_path, "t-1")
    imports = "from pathlib import Path; from tierwise.agents.runtime.journal_file import JournalFile"
    script = f"{imports}; JournalFile.reopen(Path({str(tmp_path)!r}), 't-1')"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert "is in use" in run.stderr
    file.close()
    JournalFile.reopen(tmp_path, "t-1").close()


@pytest.mark.skipif(sys.platform == "win32", reason="a folder is synced where it can be opened")
def test_what_is_written_is_on_disk_and_so_is_the_name_of_its_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []

    def note(descriptor: int) -> None:
        found = os.fstat(descriptor)
        synced.append("folder" if stat.S_ISDIR(found.st_mode) else f"{found.st_size} bytes")

    monkeypatch.setattr(os, "fsync", note)
    file = JournalFile.create(tmp_path, "t-1")
    assert synced == ["folder"]
    file.append({"n": 1})
    assert synced == ["folder", "9 bytes"]
    file.close()


def test_half_a_record_at_the_end_is_cut_off(tmp_path: Path) -> None:
    file = JournalFile.create(tmp_path, "t-1")
    file.append({"n": 1})
    file.close()
    with (tmp_path / "t-1.jsonl").open("a") as half:
        half.write('{"n": 2, "te')
    file = JournalFile.reopen(tmp_path, "t-1")
    assert file.read() == [{"n": 1}]
    file.append({"n": 3})
    file.close()
    assert [json.loads(line) for line in (tmp_path / "t-1.jsonl").read_text().splitlines()] == [{"n": 1}, {"n": 3}]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_ends_the_run_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "t-1.jsonl").symlink_to("/dev/full")
    file = JournalFile.reopen(tmp_path, "t-1")
    with pytest.raises(JournalError, match="No space left on device; make room, then resume the task"):
        file.append({"n": 1})
    with pytest.raises(JournalError, match="is closed"):
        file.append({"n": 2})


def test_any_task_id_makes_a_file_of_its_own(tmp_path: Path) -> None:
    for task_id in ("../a", "a/b", "..", "ä ö", "a%2Fb"):
        JournalFile.create(tmp_path / "tasks", task_id).close()
    assert len(list((tmp_path / "tasks").iterdir())) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["tasks"]
    with pytest.raises(JournalError, match="makes no file name"):
        JournalFile.create(tmp_path, "x" * 300)


def test_keys_stay_and_belong_to_one_task(tmp_path: Path) -> None:
    keys = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        journal = TaskJournal.create(folder, TaskHead("t-1", "Reach the goal."))
        keys |= {journal.key_of("t-1/a#0"), journal.key_of("t-1/a#1")}
        journal.close()
        again = TaskJournal.reopen(folder, "t-1")
        keys.add(again.key_of("t-1/a#0"))
        again.close()
    assert len(keys) == 4, "two calls of two tasks of one name, each with the same key before and after"


def test_a_journal_is_for_its_owner_alone(workshop: Callable[..., Workshop]) -> None:
    shop = workshop(plan_of(entry("a")))
    shop.run(journal_folder=shop.journals)
    assert stat.S_IMODE((shop.journals / "t-1.jsonl").stat().st_mode) == 0o600
    assert stat.S_IMODE(shop.journals.stat().st_mode) == 0o700
