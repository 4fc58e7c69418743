"""Dates to ISO format, and dates found by counting."""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template

SAMPLE = dt.date(2012, 7, 4)
ISO = "Convert the date to ISO format YYYY-MM-DD. Reply with only the date."
WRITTEN = {
    "month_day_year": "%B %d, %Y",
    "day_month_year": "%d %B %Y",
    "short_month": "%d %b %Y",
    "weekday": "%A, %B %d, %Y",
    "year_first": "%Y %B %d",
    "compact_month": "%d-%b-%Y",
}
NUMERIC = {
    "dotted": ("%d.%m.%y", "day.month.year"),
    "slash_eu": ("%d/%m/%Y", "day/month/year"),
    "slash_us": ("%m/%d/%y", "month/day/year"),
    "digits": ("%Y%m%d", "year month day"),
    "dash_us": ("%m-%d-%Y", "month-day-year"),
    "ordinal_year": ("%y.%m.%d", "year.month.day"),
}
Shift = Callable[[dt.date, int], dt.date]
SHIFTS: dict[str, tuple[str, Shift]] = {
    "days_after": ("{k} days after {date}", lambda day, k: day + dt.timedelta(days=k)),
    "days_before": ("{k} days before {date}", lambda day, k: day - dt.timedelta(days=k)),
    "weeks_after": ("{k} weeks after {date}", lambda day, k: day + dt.timedelta(weeks=k)),
    "month_end": ("the last day of the month of {date}", lambda day, _: day.replace(day=_days_in_month(day))),
    "next_weekday": (
        "the first Monday after {date} (which is a {weekday})",
        lambda day, _: day + dt.timedelta(days=7 - day.weekday()),
    ),
    "quarter_end": ("the last day of the quarter of {date}", lambda day, _: _quarter_end(day)),
}


def templates() -> list[Template]:
    """Six written forms, six orders of digits, six ways of counting."""
    written = [_written(name, form) for name, form in WRITTEN.items()]
    numeric = [_numeric(name, form, order) for name, (form, order) in NUMERIC.items()]
    shifted = [_shifted(name, phrase, shift) for name, (phrase, shift) in SHIFTS.items()]
    return written + numeric + shifted


def _written(name: str, form: str) -> Template:
    def make(rng: Random) -> Case:
        day = _day(rng)
        return _iso_case(day.strftime(form), day)

    return Template(
        "norm_date",
        "format",
        1,
        name,
        ISO,
        (Example(SAMPLE.strftime(form), SAMPLE.isoformat()),),
        make,
        max_tokens=14,
    )


def _numeric(name: str, form: str, order: str) -> Template:
    def make(rng: Random) -> Case:
        day = _day(rng)
        return _iso_case(f"{day.strftime(form)} ({order})", day)

    example = Example(f"{SAMPLE.strftime(form)} ({order})", SAMPLE.isoformat())
    return Template("norm_date", "format", 2, name, ISO, (example,), make, max_tokens=14)


def _shifted(name: str, phrase: str, shift: Shift) -> Template:
    def phrased(day: dt.date, k: int) -> str:
        return phrase.format(k=k, date=day.strftime("%B %d, %Y"), weekday=day.strftime("%A"))

    def make(rng: Random) -> Case:
        day, k = _day(rng), rng.choice([3, 6, 10, 14, 20, 30])
        return _iso_case(phrased(day, k), shift(day, k))

    example = Example(phrased(SAMPLE, 5), shift(SAMPLE, 5).isoformat())
    instruction = "Find the date. Reply with only the date as YYYY-MM-DD."
    return Template("norm_date", "format", 3, name, instruction, (example,), make, max_tokens=14)


def _iso_case(text: str, day: dt.date) -> Case:
    return Case(text, day.isoformat(), {"kind": "text", "expect": day.isoformat(), "exact": True})


def _day(rng: Random) -> dt.date:
    return dt.date(rng.randint(1995, 2029), rng.randint(1, 12), rng.randint(1, 28))


def _days_in_month(day: dt.date) -> int:
    return calendar.monthrange(day.year, day.month)[1]


def _quarter_end(day: dt.date) -> dt.date:
    last = day.replace(day=1, month=(day.month - 1) // 3 * 3 + 3)
    return last.replace(day=_days_in_month(last))
