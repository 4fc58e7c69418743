"""The meter: a pause of the process ends no check, work that goes on does."""

import time
from collections.abc import Callable

import pytest

from tierwise.data.foreign.errors import UncheckableError
from tierwise.data.foreign.meter import Meter


@pytest.fixture
def pass_seconds(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    now = [100.0]
    monkeypatch.setattr(time, "thread_time", lambda: now[0])

    def passed(seconds: float) -> None:
        now[0] += seconds

    return passed


def test_one_pause_ends_no_check_and_a_second_one_does(pass_seconds: Callable[[float], None]) -> None:
    meter = Meter(n_seconds=0.2)
    for _ in range(2):
        meter.spend()
        pass_seconds(0.09)
    pass_seconds(5.0)
    meter.spend()
    pass_seconds(0.09)
    meter.spend()
    pass_seconds(5.0)
    with pytest.raises(UncheckableError, match="more work than is allowed"):
        meter.spend()


def test_steps_that_are_dearer_than_they_look_have_the_time_that_was_given(
    pass_seconds: Callable[[float], None],
) -> None:
    meter = Meter(n_seconds=0.2)
    for _ in range(200):
        meter.spend()
        pass_seconds(0.001)
    pass_seconds(0.003)
    with pytest.raises(UncheckableError):
        meter.spend()
