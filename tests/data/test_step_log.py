"""The step log on disk: malformed lines are reported, not dropped; every format gives the same steps back."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.drawing.fingerprint import dataset_fingerprint
from tierwise.data.errors import LogError
from tierwise.data.parsing import parse_logged_step
from tierwise.data.records import LoggedStep
from tierwise.data.step_log import Malformed, load_step_logs, read_step_log, write_quarantine, write_step_log

GOOD = {"step_id": "good", "step": {"text": "hi"}, "attempts": [{"tier": "small", "success": True}]}
SUFFIXES = ["jsonl", "jsonl.gz", "parquet"]

TEXT = st.text(max_size=12)
WORDS = st.none() | TEXT
COUNT = st.none() | st.integers(0, 2**40)
FLAG = st.none() | st.booleans()
AMOUNT = st.none() | st.floats(0, 1e6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=2)


def record(required: dict[str, Any], optional: dict[str, Any]) -> Any:
    extra = st.dictionaries(st.sampled_from(["x_team", "x-é", "extra_json", "extra"]), JSON, max_size=2)
    known = st.fixed_dictionaries(required, optional=optional)
    return st.builds(lambda record, extra: record | extra, known, extra)


LINES = record(
    {
        "step_id": st.text(min_size=1, max_size=8),
        "step": record(
            {"text": TEXT},
            {
                "messages": st.lists(record({"role": TEXT.filter(bool), "content": TEXT}, {}), max_size=2),
                "tools": st.lists(record({"name": TEXT, "parameters": OBJECTS}, {"description": TEXT}), max_size=2),
                "response_schema": st.none() | OBJECTS,
                "input_complexity": st.none() | st.floats(0, 10),
                "requires_judgment": FLAG,
                "input_tokens": COUNT,
                "agent": WORDS,
            },
        ),
    },
    {
        "task_id": WORDS,
        "timestamp": st.none() | st.integers(0, 4 * 10**9 * 1_000).map(lambda ms: ms / 1_000),
        "attempts": st.lists(
            record({"tier": TEXT.filter(bool)}, {"success": FLAG, "cost_usd": AMOUNT, "simulated": FLAG}), max_size=3
        ),
        "decision": st.none() | record({}, {"tier": WORDS, "propensity": st.none() | st.floats(0.01, 1)}),
    },
)


def write_lines(path: Path, *lines: bytes | str | dict[str, Any]) -> Path:
    encoded = [json.dumps(line) if isinstance(line, dict) else line for line in lines]
    content = b"\n".join(line.encode() if isinstance(line, str) else line for line in encoded) + b"\n"
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def malformed_of(path: Path, catalogue: TierCatalogue | None = None) -> Sequence[Malformed]:
    return load_step_logs([path], catalogue).malformed


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
@given(raw=st.lists(LINES, max_size=4))
def test_a_round_trip_keeps_every_step(
    suffix: str, raw: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    steps = [parse_logged_step(json.loads(json.dumps(line))) for line in raw]
    path = tmp_path_factory.mktemp("log") / f"log.{suffix}"
    assert write_step_log(path, steps) == len(steps)
    again = load_step_logs([path])
    assert again.malformed == ()
    assert dataset_fingerprint(again.steps) == dataset_fingerprint(steps)
    assert [step.step_id for step in again.steps] == [step.step_id for step in steps]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "text", ["x" * 100_000, "😀👩‍👩‍👧", "שלום עולם ‮", "line\r\nbreak\u2028\u0085\x00\x1f", "\ud800 half"], ids=ascii
)
def test_any_text_survives_every_format(text: str, suffix: str, tmp_path: Path) -> None:
    step = parse_logged_step({"step_id": "s", "step": {"text": text}, "x": {"raw": text}})
    write_step_log(tmp_path / f"log.{suffix}", [step])
    assert load_step_logs([tmp_path / f"log.{suffix}"]).steps == (step,)


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{broken", "not JSON: "),
        ('{"step_id": "cut", "step": {"te', "not JSON: "),
        ("[" * 100_000, "the JSON is nested too deeply"),
        ('{"step_id": "s", "step": {"text": ""}, "x": ' + "[" * 500 + "]" * 500 + "}", "more than 100 levels deep"),
        ("[1, 2]", "is [1, 2]; a JSON object is needed"),
        ("null", "is None; a JSON object is needed"),
        ("\x00\x01", "not JSON: "),
        (b"\xff\xfe\xfd", "not JSON: "),
        ("1" * 5_000, "not JSON: "),
        ({"step": {"text": ""}}, "step_id: is missing"),
        ({"step_id": "s"}, "step: is None; a JSON object is needed"),
        ({"step_id": "s", "step": {}}, "step: has neither text nor messages"),
        ('{"step_id": "s", "step": {"text": ""}, "attempts": [{"tier": "mid", "cost_usd": NaN}]}', "cost_usd: is nan"),
        ({"step_id": "s", "step": {"text": ""}, "attempts": [{"tier": "huge"}]}, "attempts[0].tier: 'huge' is not in"),
        ({"step_id": "s", "step": {"text": ""}, "attempts": [{}]}, "attempts[0].tier: is missing"),
    ],
    ids=lambda part: str(part)[:24],
)
def test_a_malformed_line_is_reported_with_number_and_reason_and_stops_nothing(
    name: str, line: bytes | str | dict[str, Any], reason: str, tmp_path: Path, catalogue: TierCatalogue
) -> None:
    path = write_lines(tmp_path / name, GOOD, "", line, GOOD)
    log = load_step_logs([path], catalogue)
    assert [step.step_id for step in log.steps] == ["good", "good"]
    (malformed,) = log.malformed
    assert (malformed.path, malformed.line_number) == (str(path), 3)
    assert reason in malformed.reason
    original = line if isinstance(line, bytes) else (json.dumps(line) if isinstance(line, dict) else line).encode()
    assert malformed.raw.encode("utf-8", "surrogateescape") == original
    assert str(malformed) == f"{path}:3: {malformed.reason}"


def test_bytes_that_are_not_utf8_do_not_cost_the_step(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "log.jsonl", b'{"step_id": "s", "step": {"text": "caf\xe9"}}', GOOD)
    assert [step.step.text for step in load_step_logs([path]).steps] == ["caf\ufffd", "hi"]


def test_a_byte_order_mark_and_windows_line_ends_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join([json.dumps(GOOD).encode()] * 2) + b"\r\n")
    log = load_step_logs([path])
    assert (len(log.steps), log.malformed) == (2, ())


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_a_damaged_gzip_file_gives_what_can_be_read_and_says_where_it_breaks(damage: str, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    lines = [GOOD | {"step_id": f"s{i}", "task_id": f"{i * 7919 % 9973:x}"} for i in range(3_000)]
    content = bytearray(write_lines(path, *lines).read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    log = load_step_logs([path, write_lines(tmp_path / "second.jsonl", GOOD)])
    assert 100 < len(log.steps) < 3_001
    assert log.steps[-1].step_id == "good"
    last = log.malformed[-1]
    assert "the file is damaged from here on" in last.reason
    assert last.line_number >= len(log.steps)


@pytest.mark.parametrize(
    ("name", "content"), [("log.jsonl.gz", b"not gzip"), ("log.jsonl.gz", b"\x1f\x8b\x08"), ("log.parquet", b"PAR1")]
)
def test_a_file_that_cannot_be_read_at_all_is_an_error_that_names_it(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(LogError, match=name):
        load_step_logs([tmp_path / name])
    with pytest.raises(LogError, match=r"missing\.jsonl: No such file"):
        load_step_logs([tmp_path / "missing.jsonl"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(LogError, match="folder: no log in this folder"):
        load_step_logs([tmp_path / "folder"])


def test_outcomes_can_stay_unread(tmp_path: Path, catalogue: TierCatalogue) -> None:
    path = write_lines(tmp_path / "log.jsonl", GOOD | {"attempts": [{"tier": "huge", "cost_usd": "much"}]})
    (step,) = read_step_log(path, catalogue, with_outcomes=False)
    assert isinstance(step, LoggedStep)
    assert step.attempts == ()


def test_malformed_lines_end_up_in_the_quarantine_file(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "log.jsonl", "{broken", GOOD, b'"\xff"')
    quarantine = tmp_path / "deep" / "quarantine.jsonl"
    write_quarantine(quarantine, malformed_of(path)[:1])
    write_quarantine(quarantine, malformed_of(path)[1:])
    rows = [json.loads(line) for line in quarantine.read_text(encoding="utf-8").splitlines()]
    assert [(row["path"], row["line_number"]) for row in rows] == [(str(path), 1), (str(path), 3)]
    assert rows[0]["raw"] == "{broken"
    assert rows[1]["raw"].encode("utf-8", "surrogateescape") == b'"\xff"'


def test_written_json_is_readable_by_people(tmp_path: Path) -> None:
    step = parse_logged_step({"step_id": "s", "step": {"text": "שלום 😀"}})
    write_step_log(tmp_path / "log.jsonl", [step])
    assert (tmp_path / "log.jsonl").read_text(encoding="utf-8") == (
        '{"step_id":"s","step":{"text":"שלום 😀"},"attempts":[]}\n'
    )
