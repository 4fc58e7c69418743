"""The functions of the code family. In texts and sources NAME is the function's name and KONST a small
number.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Task:
    """A function to write, the reference solution, and the arguments it is tested with."""

    name: str
    parameters: str
    about: str
    source: str
    arguments: tuple[tuple[object, ...], ...]


def _line(name: str, parameters: str, about: str, value: str, arguments: tuple[tuple[object, ...], ...]) -> Task:
    return Task(name, parameters, about, f"def NAME({parameters}):\n    return {value}", arguments)


EASY = (
    _line("times", "x", "returns x times KONST", "x * KONST", ((3,), (0,), (-4,))),
    _line("is_even", "n", "returns True if n is even, else False", "n % 2 == 0", ((3,), (0,), (8,))),
    _line("last", "xs", "returns the last element of the list xs", "xs[-1]", (([1, 2],), (["a"],))),
    _line(
        "count_words",
        "s",
        "returns the number of words in s, separated by spaces",
        "len(s.split())",
        (("a b c",), ("hi",)),
    ),
    _line(
        "shout",
        "s",
        "returns s in upper case with KONST exclamation marks behind",
        "s.upper() + '!' * KONST",
        (("a",), ("Hey",)),
    ),
    _line("square_sum", "a, b", "returns the sum of the squares of a and b", "a * a + b * b", ((1, 2), (-3, 0))),
    _line("larger", "a, b", "returns the larger of a and b", "max(a, b)", ((1, 2), (5, -3), (4, 4))),
    _line(
        "above",
        "xs",
        "returns the list of the numbers in xs that are greater than KONST",
        "[x for x in xs if x > KONST]",
        (([1, 5, 10, 20],), ([],)),
    ),
    _line("first_chars", "s", "returns the first KONST characters of s", "s[:KONST]", (("abcdefghijk",), ("a",))),
)
MEDIUM = (
    _line(
        "count_vowels",
        "s",
        "returns how many characters of s are vowels aeiou in either case",
        "sum(c in 'aeiouAEIOU' for c in s)",
        (("Apple",), ("xyz",), ("EOI",)),
    ),
    _line(
        "second_largest",
        "xs",
        "returns the second largest distinct number of xs",
        "sorted(set(xs))[-2]",
        (([1, 5, 5, 3],), ([2, 9],)),
    ),
    Task(
        "fizz",
        "n",
        "returns 'FizzBuzz' if n is divisible by 15, else 'Fizz' if by 3, else 'Buzz' if by 5, else n as a string",
        "def NAME(n):\n    return ('Fizz' * (n % 3 == 0) + 'Buzz' * (n % 5 == 0)) or str(n)",
        ((3,), (5,), (30,), (7,)),
    ),
    Task(
        "is_palindrome",
        "s",
        "returns True if s is a palindrome when only letters are kept and case is ignored",
        "def NAME(s):\n    t = [c.lower() for c in s if c.isalpha()]\n    return t == t[::-1]",
        (("A man, a plan, a canal: Panama",), ("abc",)),
    ),
    _line(
        "chunks",
        "xs",
        "splits the list xs into consecutive lists of KONST elements, the last may be shorter",
        "[xs[i:i + KONST] for i in range(0, len(xs), KONST)]",
        (([1, 2, 3, 4, 5, 6, 7, 8, 9, 10],), ([],)),
    ),
    _line(
        "word_lengths",
        "s",
        "returns a dict from each word of s to its length",
        "{w: len(w) for w in s.split()}",
        (("a bb ccc",), ("",)),
    ),
    _line(
        "rotate",
        "xs",
        "returns the list xs rotated to the left by KONST places (xs may be shorter than that, or empty)",
        "xs[KONST % len(xs):] + xs[:KONST % len(xs)] if xs else []",
        (([1, 2, 3, 4],), ([],), ([1],)),
    ),
    _line(
        "digit_sum",
        "n",
        "returns the sum of the decimal digits of the integer n, which may be negative",
        "sum(int(c) for c in str(abs(n)))",
        ((123,), (-45,), (0,)),
    ),
    _line(
        "common",
        "a, b",
        "returns the sorted list of distinct elements found in both lists",
        "sorted(set(a) & set(b))",
        (([3, 1, 2, 2], [2, 3, 9]), ([], [1])),
    ),
)
HARD = (
    Task(
        "rle",
        "s",
        "returns the run-length encoding of s, such as 'a3b1' for 'aaab'",
        (
            "from itertools import groupby\n\ndef NAME(s):\n    return ''.join(k + str(len(list(g))) "
            "for k, g in groupby(s))"
        ),
        (("aaab",), ("",), ("abca",)),
    ),
    Task(
        "merge",
        "iv",
        (
            "merges overlapping closed integer intervals, given as [start, end] lists, and returns "
            "the sorted list of merged ones"
        ),
        "def NAME(iv):\n    out = []\n    for a, b in sorted(iv):\n        if out and a <= "
        "out[-1][1]:\n            out[-1][1] = max(out[-1][1], b)\n"
        "        else:\n            out.append([a, b])\n    return out",
        (([[1, 3], [2, 6], [8, 10]],), ([[1, 4], [4, 5]],), ([[5, 6], [1, 2]],), ([],)),
    ),
    Task(
        "to_roman",
        "n",
        "returns the Roman numeral of the integer n (1 to 3999)",
        "def NAME(n):\n    s = ''\n    for v, t in zip([1000, 900, 500, 400, 100, 90, 50, 40, "
        "10, 9, 5, 4, 1], 'M CM D CD C XC L XL X IX V IV I'.split()):\n"
        "        s += t * (n // v)\n        n %= v\n    return s",
        ((1994,), (4,), (49,), (3000,)),
    ),
    Task(
        "balanced",
        "s",
        "returns True if all brackets ()[]{} in s are properly nested and closed, ignoring other characters",
        "def NAME(s):\n    stack = []\n    for c in s:\n        if c in "
        "'([{':\n            stack.append(c)\n        elif c in ')]}':\n"
        "            if not stack or stack.pop() + c not in ('()', '[]', '{}'):\n                "
        "return False\n    return not stack",
        (("a(b)[c]{}",), ("(]",), ("((",), ("",)),
    ),
    Task(
        "topo",
        "deps",
        (
            "takes a dict from a task to the list of tasks it needs; returns the alphabetically "
            "smallest valid order as a list, or None if there is a cycle"
        ),
        "def NAME(deps):\n    done = []\n    left = set(deps)\n    while left:\n        ready = "
        "sorted(t for t in left if all(d in done for d in deps[t]))\n"
        "        if not ready:\n            return None\n        done.append(ready[0])\n        "
        "left.remove(ready[0])\n    return done",
        (({"a": ["b"], "b": []},), ({"a": ["b"], "b": ["a"]},), ({"c": [], "b": [], "a": ["c"]},)),
    ),
    Task(
        "longest_up",
        "xs",
        (
            "returns the length of the longest strictly increasing subsequence (elements need not be "
            "adjacent) of the list xs"
        ),
        "def NAME(xs):\n    best = []\n    for i, x in enumerate(xs):\n        best.append(1 + "
        "max((best[j] for j in range(i) if xs[j] < x), default=0))\n"
        "    return max(best, default=0)",
        (([3, 1, 2, 5, 4],), ([],), ([5, 4, 3],), ([1, 1, 1],)),
    ),
    Task(
        "spiral",
        "grid",
        "returns the elements of the rectangular list of rows in clockwise spiral order from the top left",
        "def NAME(grid):\n    out = []\n    grid = [list(row) for row in grid]\n    while "
        "grid:\n        out += grid.pop(0)\n"
        "        grid = [list(row) for row in zip(*grid)][::-1]\n    return out",
        (([[1, 2, 3], [4, 5, 6], [7, 8, 9]],), ([[1, 2]],), ([[1], [2], [3]],)),
    ),
    Task(
        "parse_duration",
        "s",
        (
            "turns a text such as '1h30m5s' (each part optional, always in this order) into seconds, "
            "or returns None when it is malformed or empty"
        ),
        "import re\n\ndef NAME(s):\n    m = "
        "re.fullmatch(r'(?:(\\d+)h)?(?:(\\d+)m)?(?:(\\d+)s)?', s)\n    if not s or not m:\n      "
        "  return None\n"
        "    h, mi, se = (int(g or 0) for g in m.groups())\n    return h * 3600 + mi * 60 + se",
        (("1h30m5s",), ("2m",), ("",), ("5x",), ("10s3m",), ("100h",)),
    ),
)

TASKS: dict[int, tuple[Task, ...]] = {1: EASY, 2: MEDIUM, 3: HARD}
