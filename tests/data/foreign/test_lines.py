"""A line of any length costs no more memory than the longest that is taken."""

import gzip
import json
from io import StringIO
from pathlib import Path

import pytest

from tierwise.data.foreign import TooLargeError
from tierwise.data.foreign.lines import bounded_lines
from tierwise.data.step_log import Malformed, read_step_log


def test_long_lines_are_passed_over_and_the_next_is_read() -> None:
    found = list(bounded_lines(StringIO("ab\n" + "x" * 50 + "\ncd"), max_chars=10))
    assert [line if isinstance(line, str) else type(line) for line in found] == ["ab\n", TooLargeError, "cd"]


def test_a_line_of_the_longest_length_is_taken() -> None:
    assert list(bounded_lines(StringIO("x" * 10 + "\n" + "y" * 10), max_chars=10)) == ["x" * 10 + "\n", "y" * 10]


@pytest.mark.parametrize("suffix", ["log.jsonl", "log.jsonl.gz"])
def test_a_log_goes_on_after_a_line_that_is_too_long(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tierwise.data.step_log.MAX_LINE_CHARS", 1_000)
    good = json.dumps({"step_id": "s-1", "step": {"text": "x"}})
    content = f"{json.dumps('x' * 5_000)}\n{good}\n".encode()
    path = tmp_path / suffix
    path.write_bytes(gzip.compress(content) if suffix.endswith("gz") else content)
    first, second = read_step_log(path)
    assert isinstance(first, Malformed)
    assert "more than 1000 characters" in first.reason
    assert not isinstance(second, Malformed)
