"""A record whose values are of other kinds than everybody else's is reported, and the import goes on."""

import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.data.importers.dialects import DIALECTS
from tests.data.importers.made_calls import Made
from tests.data.importers.made_logs import MADE_LOGS
from tierwise.data.importers import ForeignLogError, ImportReport

Imported = Callable[..., ImportReport]
HERE = Path(__file__).parent
RECORDED = {
    "codex": "fixtures/agents/codex.jsonl", "claude-code": "fixtures/agents/claude_code.jsonl",
    "opencode": "fixtures/agents/opencode.json", "mini-swe-agent": "fixtures/agents/mini_swe_agent.traj.json",
    "langsmith": "fixtures/langchain.jsonl", "litellm": "fixtures/litellm.jsonl", "mlflow": "fixtures/mlflow.jsonl",
    "openai": "fixtures/openai_pairs.jsonl", "inspect": "evaluations/inspect.jsonl",
    "promptfoo": "evaluations/promptfoo.json", "twin": "evaluations/twin.jsonl",
}  # fmt: skip
MADE = Made(system="s", user="u", answer="a", tool="t", n_in=100, n_out=5, cached=10, cost_usd=0.1, is_good=True)
ODD = [None, True, 0, -1, 3.5, 1e400, "", "x", '{"a": 1}', "[1]", [], [1], [None], [{}], [[[]]], {}, {"a": 1}, "null"]
N_TRIES = 30


def logs() -> Iterator[tuple[str, str, list[Any]]]:
    for name, (write, *_) in DIALECTS.items():
        yield name, *write(MADE)
    for name, file in RECORDED.items():
        text = (HERE / file).read_text(encoding="utf-8")
        rows = [json.loads(line) for line in text.splitlines()] if file.endswith("l") else [json.loads(text)]
        yield f"recorded {name}", name, rows[:20]


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield above
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*above, key))


def replaced(row: Any, place: tuple[Any, ...], value: Any) -> Any:
    if not place:
        return value
    row = deepcopy(row)
    holder = row
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value
    return row


def check(format_name: str, rows: list[Any], seed: str, imported: Imported, folder: Path) -> None:
    chance = random.Random(seed)
    for _ in range(N_TRIES):
        odd = list(rows)
        for _ in range(chance.choice([1, 1, 2])):
            at = chance.randrange(len(odd))
            odd[at] = replaced(odd[at], chance.choice(list(places(odd[at]))), chance.choice(ODD))
        path = folder / "log.json"
        path.write_text("".join(json.dumps(row) + "\n" for row in odd), encoding="utf-8")
        with suppress(ForeignLogError):  # a file as a whole may be refused
            imported(format_name, [path])


@pytest.mark.parametrize("log", list(logs()), ids=lambda log: log[0])
def test_odd_values_stop_no_import(log: tuple[str, str, list[Any]], imported: Imported, tmp_path: Path) -> None:
    name, format_name, rows = log
    check(format_name, rows, name, imported, tmp_path)


@pytest.mark.parametrize("name", sorted(set(MADE_LOGS) - {"csv"}))
def test_odd_values_stop_no_import_of_made_logs(name: str, imported: Imported, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in MADE_LOGS[name](tmp_path).read_text(encoding="utf-8").splitlines()]
    check(name, rows, name, imported, tmp_path)


def test_good_records_beside_an_odd_one_are_imported(imported: Imported, tmp_path: Path) -> None:
    good = {"request": MADE.request, "response": MADE.completion}
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps({**good, "response": {"choices": 3}}) + "\n" + json.dumps(good), encoding="utf-8")
    assert len(imported("openai", [path]).assembled.steps) >= 1
    traces = tmp_path / "traces.jsonl"
    bad = {"resourceSpans": [{"resource": 3.5}]}
    ((_, row),) = [("otlp", row) for row in DIALECTS["OTLP GenAI 1.37 and later"][0](MADE)[1]]
    traces.write_text(json.dumps(bad) + "\n" + json.dumps(row), encoding="utf-8")
    report = imported("otlp", [traces])
    assert (len(report.assembled.steps), len(report.malformed)) == (1, 1)
