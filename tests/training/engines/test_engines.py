"""Engines run the same functions in the order of the items, and say what is wrong with an address."""

import operator
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from tierwise.training.engines.choice import EngineName, open_engine
from tierwise.training.engines.engine import EngineError
from tierwise.training.engines.local import LocalEngine

PRELUDE = """
import os, time
from tierwise.training.engines.local import LocalEngine
engine = LocalEngine(n_processes=2, worth_seconds=0)
"""


@pytest.fixture
def run_script(tmp_path: Path) -> Callable[[str], subprocess.Popen[bytes]]:
    """Starts Python on a few lines: functions that its main module defines can be sent to processes."""

    def run(script: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", PRELUDE + dedent(script)], cwd=tmp_path)

    return run


def raised_to(shared: int, item: int) -> int:
    return int(shared**item)


def test_the_local_engine_keeps_the_order() -> None:
    assert list(LocalEngine().map(raised_to, 2, [3, 1, 2])) == [8, 2, 4]
    assert list(LocalEngine().map(raised_to, 2, [])) == []


def test_processes_side_by_side_keep_the_order() -> None:
    engine = LocalEngine(n_processes=2, worth_seconds=0)
    assert list(engine.map(operator.pow, 2, range(20))) == [2**item for item in range(20)]


@pytest.mark.slow
def test_what_a_process_raises_comes_out_as_it_is() -> None:
    engine = LocalEngine(n_processes=2, worth_seconds=0)
    results = engine.map(operator.truediv, 1, [1, 2, 0, 4])
    assert [next(results), next(results)] == [1, 0.5]
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_without_a_place_for_what_processes_share_all_runs_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", os.devnull)
    engine = LocalEngine(n_processes=2, worth_seconds=0)
    shared = np.arange(1_000_000)
    assert [found[1] for found in engine.map(np.add, shared, range(4))] == [1, 2, 3, 4]


@pytest.mark.slow
def test_results_that_nobody_wants_are_let_go() -> None:
    results = LocalEngine(n_processes=2, worth_seconds=0).map(operator.pow, 2, range(20))
    assert [next(results), next(results)] == [1, 2]
    results.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a killed process is no parent's death there")
def test_processes_end_with_the_one_that_started_them(
    run_script: Callable[[str], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """Killed, it cannot tell them."""
    script = """
        def notes(here, item):
            open(str(os.getpid()), "w").close()
            time.sleep(0 if os.getpid() == here else 300)

        list(engine.map(notes, os.getpid(), range(3)))
    """
    parent = run_script(script)
    try:
        _wait(lambda: len(list(tmp_path.iterdir())) == 3)
    finally:
        parent.kill()
        parent.wait()
    _wait(lambda: not any(_is_alive(int(note.name)) for note in tmp_path.iterdir()))


def _wait(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_where_a_process_dies_the_rest_runs_here(run_script: Callable[[str], subprocess.Popen[bytes]]) -> None:
    """The kernel kills processes that take too much memory; what they were to do is not lost."""
    script = """
        def dies_elsewhere(here, value):
            if os.getpid() != here and value >= 5:
                os.kill(os.getpid(), 9)
            return value

        assert list(engine.map(dies_elsewhere, os.getpid(), range(9))) == list(range(9))
    """
    assert run_script(script).wait(60) == 0


@pytest.mark.slow
def test_all_but_the_first_item_run_elsewhere(run_script: Callable[[str], subprocess.Popen[bytes]]) -> None:
    script = """
        def pid(seconds, item):
            time.sleep(seconds)
            return os.getpid()

        first, *others = engine.map(pid, 0.2, range(9))
        assert first == os.getpid() and len(set(others) - {first}) == 2, others
    """
    assert run_script(script).wait(60) == 0


@pytest.mark.slow
def test_what_is_heavy_to_send_is_made_here(run_script: Callable[[str], subprocess.Popen[bytes]]) -> None:
    script = """
        def heavy(start, item):
            return os.getpid(), [str(number) for number in range(start, 300_000)]

        assert {pid for pid, _ in engine.map(heavy, 0, range(4))} == {os.getpid()}
    """
    assert run_script(script).wait(60) == 0


def test_short_work_stays_in_this_process() -> None:
    pids = LocalEngine(n_processes=4).map(eval, "os.getpid()", [{"os": os}] * 6)
    assert set(pids) == {os.getpid()}


def test_the_local_engine_takes_no_address() -> None:
    with pytest.raises(EngineError, match=r"the local engine has no address, and 'tcp://h:1' was given"):
        open_engine(EngineName.LOCAL, "tcp://h:1")


def test_the_dask_engine_needs_an_address() -> None:
    with pytest.raises(EngineError, match="needs the address of its scheduler"):
        open_engine(EngineName.DASK)


@pytest.mark.parametrize("address", ["nonsense://x", "no-such-host-name"])
def test_an_address_that_makes_no_sense_is_refused_with_the_fix(address: str) -> None:
    with pytest.raises(EngineError, match="start one: dask scheduler"):
        open_engine(EngineName.DASK, address)
