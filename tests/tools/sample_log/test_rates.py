"""Pass rates, and the README that quotes them."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.data.samples import sample_log_path
from tools.sample_log.rates import Rate, markdown, pass_rate, read_log


def record(family: str, difficulty: int, small: bool, mid: bool) -> dict[str, Any]:
    attempts = [{"tier": "small", "success": small}, {"tier": "mid", "success": mid}]
    return {"family": family, "difficulty": difficulty, "attempts": attempts}


RECORDS = [record("a", 1, True, True), record("a", 2, False, True), record("b", 1, False, False)]


def test_rates_count_only_what_matches() -> None:
    assert pass_rate(RECORDS, "mid") == Rate(2, 3)
    assert pass_rate(RECORDS, "small", family="a", difficulty=1) == Rate(1, 1)
    assert pass_rate(RECORDS, "frontier").percent == "–"


def test_the_table_has_a_row_per_family_and_one_for_all() -> None:
    lines = markdown(RECORDS).splitlines()
    assert lines[2] == "| a | 2 | 100 / 100 | 0 / 100 | – / – | 50 / 100 |"
    assert lines[-1] == "| **all** | 3 | 50 / 50 | 0 / 100 | – / – | **33 / 67** |"


@pytest.mark.slow
def test_the_readme_quotes_the_rates_of_the_shipped_log() -> None:
    readme = sample_log_path().with_name("README.md").read_text(encoding="utf-8")
    assert markdown(read_log(sample_log_path())) in readme
