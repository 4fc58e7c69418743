"""JSON in every layout that exports come in, whole and broken."""

import gzip
import json
from pathlib import Path

import pytest

from tierwise.data.importers import ForeignLogError
from tierwise.data.importers.reading.json_source import Numbered, read_json_objects
from tierwise.data.step_log import Malformed

ROWS = [{"a": 1}, {"a": 2}, {"a": 3}]
LINES = "\n".join(json.dumps(row) for row in ROWS)


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        LINES + "\n\n",
        "\ufeff" + LINES,
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        json.dumps({"data": ROWS}),
        json.dumps({"data": ROWS}, indent=2),
        "\n".join(json.dumps(row, indent=1) for row in ROWS),
        json.dumps({"data": ROWS[:2]}) + "\n" + json.dumps({"data": ROWS[2:]}),
    ],
)
def test_every_layout_gives_the_same_objects(text: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    found = list(read_json_objects(path, ("data",)))
    assert [record.value for record in found if isinstance(record, Numbered)] == ROWS
    packed = tmp_path / "x.json.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert [record.value for record in read_json_objects(packed, ("data",)) if isinstance(record, Numbered)] == ROWS


@pytest.mark.parametrize(
    ("text", "n_whole"),
    [
        ('{"a": 1}\n{"a": 2\n{"a": 3}', 2),
        ('[{"a": 1}, {"a": 2}, {"a"', 2),
        ('[{"a": 1}, {"a": 2}', 2),
        ('{"data": [\n{"a": 1}, {"a": 2}, {"a', 2),
        ('{"a": 1}\n7\n{"a": 3}', 2),
        ("not JSON at all", 0),
    ],
)
def test_what_is_broken_is_told_and_costs_nothing_else(text: str, n_whole: int, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(text, encoding="utf-8")
    found = list(read_json_objects(path, ("data",)))
    assert sum(isinstance(record, Numbered) for record in found) == n_whole
    (bad,) = [record for record in found if isinstance(record, Malformed)]
    assert bad.line_number >= 1
    assert "JSON" in bad.reason or "broke off" in bad.reason


@pytest.mark.slow
def test_a_gzip_file_that_breaks_off_gives_what_was_there(tmp_path: Path) -> None:
    rows = "\n".join(json.dumps({"a": number, "b": str(hash(str(number)))}) for number in range(20_000))
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(rows.encode())[:-5000])
    found = list(read_json_objects(path))
    assert sum(isinstance(record, Numbered) for record in found) > 10_000
    last = found[-1]
    assert isinstance(last, Malformed)
    assert "damaged" in last.reason


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ForeignLogError, match="No such file"):
        list(read_json_objects(tmp_path / "nothere.json"))
