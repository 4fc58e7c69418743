"""Code that models write: judged by what it does, contained when it misbehaves."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tierwise.data.samples.verifiers import verify, verify_many

DOUBLE = {"kind": "python_tests", "function": "double", "cases": [[[3], 6], [[0], 0]]}
FIRST_TWO = {"kind": "python_tests", "function": "first_two", "cases": [[[[1, 2, 3]], [1, 2]]]}
IS_EVEN = {"kind": "python_tests", "function": "is_even", "cases": [[[2], True]]}
DIGITS = {"kind": "regex_cases", "match": ["12", "00"], "reject": ["1", "123", "ab", ""]}


@pytest.mark.parametrize(
    "output",
    [
        "def double(x):\n    return 2 * x",
        "```python\ndef double(x):\n    return x + x\n```\nIt doubles.",
        "Here you are:\n```python\nimport math\n\ndef double(x):\n    return math.prod([x, 2])\n```",
        "def double(x):\n    return 2 * x\n\ndef unfinished(",
    ],
)
def test_a_right_function_passes(output: str) -> None:
    assert verify(DOUBLE, output)


@pytest.mark.parametrize(
    "output",
    [
        "def double(x):\n    return x ** 2",
        "def twice(x):\n    return 2 * x",
        "def double(x)\n    return 2 * x",
        "def double(x):\n    raise SystemExit(0)",
        "import os\nos._exit(0)\ndef double(x):\n    return 2 * x",
        "print('pass')",
    ],
)
def test_a_wrong_function_fails(output: str) -> None:
    assert not verify(DOUBLE, output)


def test_a_tuple_may_stand_for_a_list_but_one_is_not_true() -> None:
    assert verify(FIRST_TWO, "def first_two(xs):\n    return xs[0], xs[1]")
    assert not verify(IS_EVEN, "def is_even(n):\n    return 1")


@pytest.mark.slow
@pytest.mark.parametrize(
    "body",
    [
        "while True: pass",
        "return [0] * 10 ** 10",
        "return double(x)",
        "import time; time.sleep(60)",
    ],
)
def test_misbehaviour_fails_in_bounded_time(body: str) -> None:
    start = time.monotonic()
    assert not verify(DOUBLE, f"def double(x):\n    {body}")
    assert time.monotonic() - start < 30


def test_nothing_is_written_even_where_the_code_names_the_place(tmp_path: Path) -> None:
    target = tmp_path / "left_behind"
    verify(DOUBLE, f"def double(x):\n    open({str(target)!r}, 'w').write('x' * 10)\n    return 2 * x")
    assert not target.exists() or target.read_text() == ""


@pytest.mark.parametrize("output", [r"\d{2}", r"^\d\d$", r"`[0-9]{2}`", r"r'\d{2}'", r"/\d{2}/", "```\n\\d\\d\n```"])
def test_a_right_expression_passes(output: str) -> None:
    assert verify(DIGITS, output)


@pytest.mark.parametrize("output", [r"\d+", r"\d{2", "[0-9]{2}x", r"(\d|\d\d|\d?)*(\d*)*$x"])
def test_a_wrong_expression_fails(output: str) -> None:
    assert not verify(DIGITS, output)


@pytest.mark.slow
def test_an_expression_that_never_ends_fails() -> None:
    spec = {"kind": "regex_cases", "match": ["a" * 40], "reject": ["a" * 40 + "b"]}
    assert not verify(spec, "(a+)+")


def test_verdicts_keep_the_order_of_the_questions() -> None:
    right, wrong = "def double(x):\n    return 2 * x", "def double(x):\n    return x"
    plain = {"kind": "text", "expect": "yes"}
    pairs = [(DOUBLE, right), (plain, "no"), (DOUBLE, wrong), (DIGITS, r"\d\d"), (plain, "yes"), (DIGITS, "x")]
    assert verify_many(pairs) == [True, False, False, True, True, False]
