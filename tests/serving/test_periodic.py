"""Work that repeats: when it is done, that it is woken and stopped, and that a fault does not end it."""

import time
from queue import SimpleQueue

import pytest

from tierwise.serving import periodic
from tierwise.serving.periodic import Periodic


class Counting(Periodic):
    """Puts the number of each round into ``rounds``; every round fails if ``is_faulty``."""

    def __init__(self, first_pause: float | None, pause: float | None, is_faulty: bool = False) -> None:
        super().__init__("counting", first_pause)
        self.rounds: SimpleQueue[int] = SimpleQueue()
        self._n = 0
        self._pause = pause
        self._is_faulty = is_faulty

    def work(self) -> float | None:
        self._n += 1
        self.rounds.put(self._n)
        if self._is_faulty:
            raise RuntimeError("a prompt that no log may quote")
        return self._pause


def test_it_works_again_after_each_pause_until_it_is_stopped() -> None:
    counting = Counting(0.0, 0.001)
    counting.start()
    assert [counting.rounds.get(timeout=60) for _ in range(3)] == [1, 2, 3]
    counting.stop()
    while not counting.rounds.empty():
        counting.rounds.get()
    time.sleep(0.02)
    assert counting.rounds.empty()


def test_without_a_pause_it_waits_to_be_woken() -> None:
    counting = Counting(None, None)
    counting.start()
    time.sleep(0.02)
    assert counting.rounds.empty()
    for number in (1, 2, 3):
        counting.wake()
        assert counting.rounds.get(timeout=60) == number
    counting.stop()
    assert counting.rounds.empty()


def test_a_fault_is_told_without_its_words_and_tried_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(periodic, "RETRY_SECONDS", 0.001)
    counting = Counting(0.0, 0.001, is_faulty=True)
    counting.start()
    assert [counting.rounds.get(timeout=60) for _ in range(3)] == [1, 2, 3]
    counting.stop()
    assert "counting failed: RuntimeError" in caplog.text
    assert "a prompt" not in caplog.text


def test_it_can_be_stopped_before_it_began() -> None:
    counting = Counting(0.0, 0.001)
    counting.stop()
    assert counting.rounds.empty()
