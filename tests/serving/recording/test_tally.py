"""The tally: what a process answered and did not settle is known to the next one."""

import os
import subprocess
import sys
from pathlib import Path

from tierwise.serving.recording.tally import Lost, Tally

KILLED = """
import os, signal, sys
from pathlib import Path
from tierwise.serving.recording.tally import Tally
tally = Tally.open(Path(sys.argv[1]))
for _ in range(10):
    tally.answer()
    tally.take_outcome()
tally.settle(7)
tally.settle_outcomes(6)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_did_not_settle_is_counted_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], timeout=60, check=False)
    first = Tally.open(tmp_path)
    assert first.lost_before == Lost(3, 4)
    first.close()
    second = Tally.open(tmp_path)
    assert second.lost_before == Lost()
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_predecessor_with_the_same_process_number_counts_too(tmp_path: Path) -> None:
    tally = Tally.open(tmp_path)
    tally.answer()
    again = Tally.open(tmp_path)
    assert again.lost_before == Lost(1)
    again.close()


def test_a_living_process_and_strange_files_are_left_alone(tmp_path: Path) -> None:
    living = tmp_path / f"recorder-{os.getppid()}.ledger"
    living.write_bytes(bytes([9]) + bytes(15))
    (tmp_path / "recorder-x.ledger").write_bytes(b"")
    tally = Tally.open(tmp_path)
    assert tally.lost_before == Lost()
    assert living.exists()
    tally.close()


def test_a_ledger_of_an_older_version_counts_its_decisions(tmp_path: Path) -> None:
    (tmp_path / f"recorder-{os.getpid()}.ledger").write_bytes(bytes([9]) + bytes(7) + bytes([4]) + bytes(7))
    tally = Tally.open(tmp_path)
    assert tally.lost_before == Lost(5)
    tally.close()
