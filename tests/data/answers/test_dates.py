"""Dates and times that can be read in one way have one spelling; others have none."""

import pytest

from tierwise.data.answers.dates import date_text, time_text


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("July 4, 2012", "2012-07-04"),
        ("Wed, the 4th of Sept. 2012", "2012-09-04"),
        ("Wednesday 4 Sept. 2012", "2012-09-04"),
        ("13/2/2012", "2012-02-13"),
        ("2/13/2012", "2012-02-13"),
        ("2/2/2012", "2012-02-02"),
        ("2/3/2012", None),
        ("31 February 2012", None),
        ("4 Smarch 2012", None),
    ],
)
def test_a_date_has_one_spelling(text: str, date: str | None) -> None:
    assert date_text(text) == date


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("13:05", "13:05"),
        ("1:05 pm", "13:05"),
        ("1:05 A.M.", "01:05"),
        ("12 am", "00:00"),
        ("12:30 p.m.", "12:30"),
        ("13:05:09", "13:05:09"),
        ("13:05:00", "13:05"),
        ("17", None),
        ("117", None),
        ("23:59:59", "23:59:59"),
        ("24:00", None),
        ("25:00", None),
        ("12:60", None),
        ("12:00:60", None),
        ("0 am", None),
        ("13 pm", None),
    ],
)
def test_a_time_stands_on_a_clock_of_twenty_four_hours(text: str, time: str | None) -> None:
    assert time_text(text) == time
