"""Verifiers that run inside this process: text, numbers, JSON, CSV, tool calls, orders, and SQL in an
in-memory database.
"""

from __future__ import annotations

import csv
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import Any

from tierwise.data.samples.verifiers import answers

Spec = Mapping[str, Any]
Judge = Callable[[Spec, str], bool]

SQL_TIME_LIMIT_S = 2.0


def judge_text(spec: Spec, output: str) -> bool:
    """First line equals `expect`; `exact: true` keeps case."""
    line = answers.first_line(output)
    if spec.get("exact"):
        return line == str(spec["expect"])
    return answers.folded(line) == answers.folded(spec["expect"])


def judge_number(spec: Spec, output: str) -> bool:
    """A number within `tolerance` (absolute, default 0.005) of `expect`; `where: "answer_line"` reads it
    behind `ANSWER:`.
    """
    read = answers.number_after_answer if spec.get("where") == "answer_line" else answers.number_in_first_line
    number = read(output)
    tolerance = float(spec.get("tolerance", 0.005))
    return number is not None and abs(number - float(spec["expect"])) <= tolerance


def judge_numbers(spec: Spec, output: str) -> bool:
    """The whole numbers of the first line equal the list `expect`."""
    line = answers.body(output).split("\n")[0]
    return [int(found) for found in re.findall(r"-?\d+", line)] == list(spec["expect"])


def judge_items(spec: Spec, output: str) -> bool:
    """The comma-separated items of the first line equal `expect`, in order unless `ordered` is false."""
    found = [answers.folded(item.strip("`\"'. ")) for item in answers.first_line(output).split(",")]
    expect = [answers.folded(item) for item in spec["expect"]]
    return found == expect if spec.get("ordered", True) else sorted(found) == sorted(expect)


def judge_json(spec: Spec, output: str) -> bool:
    """A JSON object with just the keys of `expect` and equal values: numbers by value, text without regard to
    case.
    """
    found, expect = answers.first_object(output), spec["expect"]
    if found is None or set(found) != set(expect):
        return False
    return all(_same(found[key], value) for key, value in expect.items())


def judge_csv_row(spec: Spec, output: str) -> bool:
    """The first line parses strictly as the one CSV row `expect`."""
    line = answers.body(output).split("\n")[0].strip()
    try:
        rows = list(csv.reader([line], strict=True))
    except csv.Error:
        return False
    return rows == [list(spec["expect"])]


def judge_tool_call(spec: Spec, output: str) -> bool:
    """`{"tool": ..., "args": {...}}` naming `tool` with just the arguments `args`."""
    call = answers.first_object(output)
    if call is None or call.get("tool") != spec["tool"]:
        return False
    found, expect = call.get("args"), spec["args"]
    if not isinstance(found, dict) or set(found) != set(expect):
        return False
    return all(_same(found[key], value) for key, value in expect.items())


def judge_order(spec: Spec, output: str) -> bool:
    """The comma-separated `items`, each once, with the first of every `before` pair ahead of the second."""
    found = [item.strip(" .`\"'") for item in answers.body(output).split("\n")[0].lower().split(",")]
    if sorted(found) != sorted(spec["items"]):
        return False
    return all(found.index(first) < found.index(second) for first, second in spec["before"])


def judge_sql(spec: Spec, output: str) -> bool:
    """The query, run on the tables made by `setup`, returns the rows `expect` (any order unless
    `ordered`).
    """
    query = answers.body(output).split(";")[0].strip()
    if not query:
        return False
    deadline = time.monotonic() + SQL_TIME_LIMIT_S
    with sqlite3.connect(":memory:") as database:
        database.executescript(spec["setup"])
        database.set_progress_handler(lambda: int(time.monotonic() > deadline), 10_000)
        try:
            rows = [[_cell(value) for value in row] for row in database.execute(query).fetchall()]
        except (sqlite3.Error, sqlite3.Warning):
            rows = None
    database.close()
    if rows is None:
        return False
    expect = [[_cell(value) for value in row] for row in spec["expect"]]
    if not spec.get("ordered"):
        rows, expect = sorted(rows, key=repr), sorted(expect, key=repr)
    return rows == expect


def _same(found: Any, expect: Any) -> bool:
    if isinstance(expect, bool) or expect is None:
        return found is expect
    if isinstance(expect, int | float):
        number = answers.as_number(found)
        return number is not None and abs(number - expect) <= 0.005
    if isinstance(expect, list):
        return isinstance(found, list) and len(found) == len(expect) and all(map(_same, found, expect))
    return isinstance(found, str | int | float) and answers.folded(found) == answers.folded(expect)


def _cell(value: Any) -> Any:
    return round(float(value), 2) if isinstance(value, int | float) else value


JUDGES: dict[str, Judge] = {
    "text": judge_text,
    "number": judge_number,
    "numbers": judge_numbers,
    "items": judge_items,
    "json_equal": judge_json,
    "csv_row": judge_csv_row,
    "tool_call": judge_tool_call,
    "order_constraints": judge_order,
    "sql_rows": judge_sql,
}
