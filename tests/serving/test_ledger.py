"""The ledger: what a process answered and did not settle is known to the next one."""

import os
import subprocess
import sys
from pathlib import Path

from tierwise.serving.ledger import Ledger

KILLED = """
import os, signal, sys
from pathlib import Path
from tierwise.serving.ledger import Ledger
ledger = Ledger.open(Path(sys.argv[1]))
for _ in range(10):
    ledger.answer()
ledger.settle(7)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_did_not_settle_is_counted_once(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], timeout=60, check=False)
    first = Ledger.open(tmp_path)
    assert first.n_lost_before == 3
    first.close()
    second = Ledger.open(tmp_path)
    assert second.n_lost_before == 0
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_a_predecessor_with_the_same_process_number_counts_too(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    ledger.answer()
    again = Ledger.open(tmp_path)
    assert again.n_lost_before == 1
    again.close()


def test_a_living_process_and_strange_files_are_left_alone(tmp_path: Path) -> None:
    living = tmp_path / f"recorder-{os.getppid()}.ledger"
    living.write_bytes(bytes([9]) + bytes(15))
    (tmp_path / "recorder-x.ledger").write_bytes(b"")
    ledger = Ledger.open(tmp_path)
    assert ledger.n_lost_before == 0
    assert living.exists()
    ledger.close()
