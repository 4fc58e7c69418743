"""Each kind of verifier on answers as models write them."""

from __future__ import annotations

from typing import Any

import pytest

from tierwise.data.samples.verifiers import KINDS, VerifierError, verify

TABLE = "CREATE TABLE t(a, b); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'y');"
SPECS: dict[str, dict[str, Any]] = {
    "text": {"kind": "text", "expect": "Billing"},
    "exact": {"kind": "text", "expect": "bigBlueCar", "exact": True},
    "number": {"kind": "number", "expect": 1200.5},
    "answer_line": {"kind": "number", "expect": 7, "where": "answer_line"},
    "numbers": {"kind": "numbers", "expect": [3, 5, -8]},
    "items": {"kind": "items", "expect": ["Ann Lee", "Bo"]},
    "any_order": {"kind": "items", "expect": ["a", "b"], "ordered": False},
    "json": {"kind": "json_equal", "expect": {"name": "Ann Lee", "amount": 12.5}},
    "csv": {"kind": "csv_row", "expect": ["7", "Rome, East", 'said "hi"']},
    "tool": {"kind": "tool_call", "tool": "move", "args": {"src": "/a", "n": 2}},
    "order": {"kind": "order_constraints", "items": ["cook", "eat", "shop"], "before": [["shop", "cook"]]},
    "sql": {"kind": "sql_rows", "setup": TABLE, "expect": [["y", 2], ["x", 1]]},
    "sql_ordered": {"kind": "sql_rows", "setup": TABLE, "expect": [[3], [2], [1]], "ordered": True},
}
RIGHT = [
    ("text", "billing"),
    ("text", "Answer: **billing**".replace("*", "")),
    ("text", '"billing".'),
    ("text", "billing\nbecause money is named"),
    ("exact", "`bigBlueCar`"),
    ("number", "1,200.50"),
    ("number", "2401 / 2 = 1200.5"),
    ("answer_line", "3 + 4 = 7\nANSWER: 7"),
    ("answer_line", "ANSWER: $7"),
    ("numbers", "3, 5, -8"),
    ("items", "ann lee, Bo"),
    ("any_order", "b, a"),
    ("json", '```json\n{"amount": "$12.50", "name": "ann  lee"}\n```'),
    ("json", 'Here it is: {"name": "Ann Lee", "amount": 12.5} Bye.'),
    ("csv", '7,"Rome, East","said ""hi"""'),
    ("tool", '{"tool": "move", "args": {"n": 2, "src": "/a"}}'),
    ("order", "shop, eat, cook"),
    ("sql", "```sql\nSELECT b, COUNT(*) FROM t GROUP BY b;\n```"),
    ("sql_ordered", "SELECT a FROM t ORDER BY a DESC"),
]
WRONG = [
    ("text", "shipping"),
    ("text", "billing or shipping"),
    ("exact", "bigbluecar"),
    ("number", "1200"),
    ("number", "many"),
    ("answer_line", "7"),
    ("numbers", "3, 5"),
    ("items", "Bo, Ann Lee"),
    ("any_order", "a"),
    ("json", '{"name": "Ann Lee"}'),
    ("json", '{"name": "Ann Lee", "amount": 12.5, "more": 1}'),
    ("json", '{"name": "Ann Lee", "amount": true}'),
    ("json", '{"name": ["Ann Lee"], "amount": 12.5}'),
    ("json", '["name"]'),
    ("json", '{"name": '),
    ("csv", '7,Rome, East,"said ""hi"""'),
    ("csv", '7,"Rome, East","said "hi""'),
    ("tool", '{"tool": "move", "args": {"src": "/a"}}'),
    ("tool", '{"tool": "copy", "args": {"src": "/a", "n": 2}}'),
    ("tool", '{"tool": "move", "args": "all"}'),
    ("order", "cook, shop, eat"),
    ("order", "shop, cook"),
    ("sql", "SELECT b FROM t"),
    ("sql", "SELEC b"),
    ("sql_ordered", "SELECT a FROM t ORDER BY a"),
    ("sql_ordered", "DROP TABLE t"),
    ("sql_ordered", "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT SUM(x) FROM c"),
]


@pytest.mark.parametrize(("name", "output"), RIGHT)
def test_a_right_answer_passes(name: str, output: str) -> None:
    assert verify(SPECS[name], output)


@pytest.mark.parametrize(("name", "output"), WRONG)
def test_a_wrong_answer_fails(name: str, output: str) -> None:
    assert not verify(SPECS[name], output)


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("junk", ["", "\x00", "}{", "```", "[" * 5000, "😀 שלום"])
def test_junk_fails_without_an_error(name: str, junk: str) -> None:
    assert not verify(SPECS[name], junk)


def test_a_query_that_reads_a_file_does_not_pass() -> None:
    assert not verify(SPECS["sql"], "ATTACH DATABASE '/etc/passwd' AS other")


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(VerifierError, match="unknown verifier kind 'vibes'"):
        verify({"kind": "vibes"}, "good")


def test_missing_data_is_named() -> None:
    with pytest.raises(VerifierError, match="'text' needs the field 'expect'"):
        verify({"kind": "text"}, "good")


def test_all_kinds_are_tried_here_or_in_the_sandbox_tests() -> None:
    assert {spec["kind"] for spec in SPECS.values()} | {"python_tests", "regex_cases"} == set(KINDS)
