"""Trouble is told once, then with a count, and never with the message of an error."""

import logging

import pytest

from tierwise.data.program import trouble
from tierwise.data.program.trouble import TroubleLog, where_raised

LOGGER = logging.getLogger("tests.trouble")


def fail(times: range, log: TroubleLog, kind: type[Exception] = ValueError, what: str = "it broke") -> None:
    for number in times:
        try:
            raise kind(f"the prompt, {number}")
        except Exception as error:
            log.tell(what, error)


def test_a_flood_becomes_one_line_and_later_a_count(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    log = TroubleLog(LOGGER, pause_seconds=60, clock=lambda: now)
    fail(range(1000), log)
    now = 61.0
    fail(range(5), log)
    assert [record.levelname for record in caplog.records] == ["ERROR", "ERROR"]
    first, later = caplog.messages
    assert first.startswith("it broke: ValueError at ")
    assert later == f"{first} (999 times more since this was last told)"
    assert "prompt" not in caplog.text


def test_each_kind_is_told(caplog: pytest.LogCaptureFixture) -> None:
    log = TroubleLog(LOGGER)
    fail(range(3), log)
    fail(range(3), log, KeyError)
    fail(range(3), log, what="that broke")
    assert [message.partition(" at ")[0] for message in caplog.messages] == [
        "it broke: ValueError",
        "it broke: KeyError",
        "that broke: ValueError",
    ]


def test_the_memory_of_kinds_is_bounded(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trouble, "_MAX_KINDS", 10)
    log = TroubleLog(LOGGER)
    for number in range(100):
        log.tell(f"kind {number}", ValueError())
    assert len(caplog.messages) == 100
    assert len(log._silent_until) <= 10


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert where_raised(ValueError("the prompt")) == "ValueError"
