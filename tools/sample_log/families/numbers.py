"""Plain arithmetic, units, and lists of numbers to sort or filter."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template

Asked = tuple[str, float]
Ask = Callable[[Random], Asked]


def templates() -> list[Template]:
    """The families arithmetic, unit_convert and sort_filter."""
    sums = [
        _number(level, name, "arithmetic", "Compute. Reply with only the number.", ("12 + 30", "42"), ask)
        for level, name, ask in SUMS
    ]
    convert = "Convert the quantity. Reply with only the number."
    units = [_number(level, name, "unit_convert", convert, ("3 m in cm", "300"), ask) for level, name, ask in UNITS]
    return sums + units + [_list(*row) for row in LISTS]


def _number(level: int, name: str, family: str, instruction: str, example: tuple[str, str], ask: Ask) -> Template:
    def make(rng: Random) -> Case:
        question, answer = ask(rng)
        return Case(
            question,
            f"{answer:g}" if answer < 1e5 else str(int(answer)),
            {"kind": "number", "expect": answer},
        )

    return Template(family, "compute", level, name, instruction, (Example(*example),), make, max_tokens=14)


def _unit(pattern: str, low: int, high: int, factor: float, divisor: float = 1.0) -> Ask:
    """A question about k units; k / divisor is shown, k * factor is the answer."""

    def ask(rng: Random) -> Asked:
        k = rng.randint(low, high)
        shown = k / divisor if divisor != 1.0 else k
        return pattern.format(k=shown), k * factor

    return ask


def _sum(low: int, high: int) -> Ask:
    def ask(rng: Random) -> Asked:
        a, b = rng.randint(low, high), rng.randint(low, high)
        return f"{a} + {b}", a + b

    return ask


def _difference(low: int, high: int) -> Ask:
    def ask(rng: Random) -> Asked:
        a, b = rng.randint(low, high), rng.randint(low, high)
        return f"{a + b} - {b}", a

    return ask


def _product(first: tuple[int, int], second: tuple[int, int]) -> Ask:
    def ask(rng: Random) -> Asked:
        a, b = rng.randint(*first), rng.randint(*second)
        return f"{a} * {b}", a * b

    return ask


def _quotient(first: tuple[int, int], second: tuple[int, int]) -> Ask:
    def ask(rng: Random) -> Asked:
        a, b = rng.randint(*first), rng.randint(*second)
        return f"{a * b} / {b}", a

    return ask


def _percent(rng: Random) -> Asked:
    whole, percent = rng.randrange(20, 2000, 20), rng.choice([5, 10, 15, 20, 25, 75])
    return f"{percent} percent of {whole}", whole * percent / 100


def _mixed(rng: Random) -> Asked:
    a, b, c = rng.randint(112, 987), rng.randint(3, 9), rng.randint(1000, 9999)
    return f"{a} * {b} + {c}", a * b + c


def _bracket(rng: Random) -> Asked:
    a, b, c = rng.randint(12, 98), rng.randint(12, 98), rng.randint(11, 29)
    return f"({a} + {b}) * {c}", (a + b) * c


def _chain(rng: Random) -> Asked:
    a, b, c, d = (rng.randint(11, 99) for _ in range(4))
    return f"{a} * {b} - {c} * {d}" if a * b > c * d else f"{c} * {d} - {a} * {b}", abs(a * b - c * d)


def _double(rng: Random) -> Asked:
    a = rng.randint(2, 60)
    return f"{a} + {a}", 2 * a


def _three(rng: Random) -> Asked:
    a, b, c = (rng.randint(2, 30) for _ in range(3))
    return f"{a} + {b} + {c}", a + b + c


SUMS: list[tuple[int, str, Ask]] = [
    (1, "small_sum", _sum(2, 40)),
    (1, "small_difference", _difference(2, 39)),
    (1, "times_table", _product((2, 9), (2, 9))),
    (1, "tens", _sum(100, 500)),
    (1, "double", _double),
    (1, "three_terms", _three),
    (2, "large_sum", _sum(1200, 98765)),
    (2, "large_difference", _difference(1200, 9999)),
    (2, "two_by_one", _product((12, 99), (3, 9))),
    (2, "division", _quotient((12, 60), (3, 9))),
    (2, "percent", _percent),
    (2, "two_by_eleven", _product((12, 60), (11, 15))),
    (3, "three_by_two", _product((112, 987), (12, 98))),
    (3, "mixed", _mixed),
    (3, "bracket", _bracket),
    (3, "chain", _chain),
    (3, "long_division", _quotient((112, 987), (12, 59))),
    (3, "three_by_three", _product((112, 987), (112, 987))),
]


def _fahrenheit(rng: Random) -> Asked:
    k = rng.randint(-3, 30)
    return f"{k * 9 + 32} degrees Fahrenheit in degrees Celsius", k * 5


def _hours_minutes(rng: Random) -> Asked:
    hours, minutes = rng.randint(2, 30), rng.randint(3, 58)
    return f"{hours} hours {minutes} minutes in seconds", hours * 3600 + minutes * 60


def _days_hours(rng: Random) -> Asked:
    days, hours = rng.randint(2, 30), rng.randint(2, 22)
    return f"{days} days and {hours} hours in minutes", days * 1440 + hours * 60


UNITS: list[tuple[int, str, Ask]] = [
    (1, "km_m", _unit("{k} km in m", 2, 19, 1000)),
    (1, "hours_minutes", _unit("{k} hours in minutes", 2, 12, 60)),
    (1, "kg_g", _unit("{k} kg in g", 2, 19, 1000)),
    (1, "weeks_days", _unit("{k} weeks in days", 2, 9, 7)),
    (1, "m_cm", _unit("{k} m in cm", 4, 40, 100)),
    (1, "dollars_cents", _unit("{k} dollars in cents", 2, 40, 100)),
    (2, "minutes_hours", _unit("{k:.0f} minutes in hours", 11, 49, 1, 1 / 60)),
    (2, "feet_inches", _unit("{k} feet in inches", 11, 49, 12)),
    (2, "km_cm", _unit("{k} km in cm", 11, 49, 10000, 10.0)),
    (2, "mb_kb", _unit("{k} MB in KB (1 MB = 1024 KB)", 2, 29, 1024)),
    (2, "litres_ml", _unit("{k} litres in ml", 11, 99, 100, 10.0)),
    (2, "days_hours", _unit("{k} days in hours", 11, 60, 24)),
    (3, "fahrenheit", _fahrenheit),
    (3, "speed", _unit("{k:.0f} km/h in m/s", 3, 30, 5, 1 / 18)),
    (3, "hours_minutes_seconds", _hours_minutes),
    (3, "days_hours_minutes", _days_hours),
    (3, "square", _unit("{k} square metres in square centimetres", 3, 80, 10000)),
    (3, "rate", _unit("{k} MB per second in MB per hour", 3, 60, 3600)),
]
Rule = Callable[[list[int]], list[int]]
LISTS: list[tuple[int, str, int, str, Rule]] = [
    (1, "ascending", 4, "Sort the numbers in ascending order.", sorted),
    (1, "descending", 3, "Sort the numbers in descending order.", lambda xs: sorted(xs, reverse=True)),
    (1, "first_two", 4, "Give the first two numbers.", lambda xs: xs[:2]),
    (1, "last", 4, "Give the last number.", lambda xs: xs[-1:]),
    (1, "largest", 4, "Give the largest number.", lambda xs: [max(xs)]),
    (1, "same", 4, "Separate the numbers by commas, in the same order.", lambda xs: xs),
    (
        2,
        "above_50",
        7,
        "Keep only the numbers greater than 50, in their given order.",
        lambda xs: [x for x in xs if x > 50],
    ),
    (2, "sort_seven", 7, "Sort the numbers in ascending order.", sorted),
    (2, "odd", 6, "Keep only the odd numbers, in their given order.", lambda xs: [x for x in xs if x % 2]),
    (2, "reverse", 6, "Reverse the order of the numbers.", lambda xs: xs[::-1]),
    (2, "extremes", 7, "Give the smallest and the largest number.", lambda xs: [min(xs), max(xs)]),
    (2, "plus_ten", 5, "Add 10 to each number.", lambda xs: [x + 10 for x in xs]),
    (
        3,
        "even_descending",
        10,
        "Keep only the even numbers and sort them in descending order.",
        lambda xs: sorted([x for x in xs if x % 2 == 0], reverse=True),
    ),
    (3, "middle", 9, "Give the median of the numbers.", lambda xs: [sorted(xs)[4]]),
    (
        3,
        "top_three",
        11,
        "Give the three largest numbers, largest first.",
        lambda xs: sorted(xs, reverse=True)[:3],
    ),
    (3, "running", 6, "Give the running sums.", lambda xs: [sum(xs[: i + 1]) for i in range(len(xs))]),
    (3, "every_third", 11, "Give every third number, from the third on.", lambda xs: xs[2::3]),
    (
        3,
        "last_digit",
        7,
        "Sort the numbers by their last digit, ties by size.",
        lambda xs: sorted(xs, key=lambda x: (x % 10, x)),
    ),
]
SHOWN = {1: [8, 3, 5, 9], 2: [58, 3, 75, 61], 3: [8, 3, 5, 22, 14, 9, 7, 1, 60]}


def _list(level: int, name: str, count: int, order: str, rule: Rule) -> Template:
    def make(rng: Random) -> Case:
        numbers = rng.sample(range(1, 100), count)
        while not rule(numbers):
            numbers = rng.sample(range(1, 100), count)
        gold = rule(numbers)
        shown = (" " if name == "same" else ", ").join(map(str, numbers))
        return Case(shown, ", ".join(map(str, gold)), {"kind": "numbers", "expect": gold})

    given = SHOWN[level]
    shown = (" " if name == "same" else ", ").join(map(str, given))
    example = Example(shown, ", ".join(map(str, rule(given))))
    instruction = f"{order} Reply with only the result, numbers separated by commas."
    return Template("sort_filter", "format", level, name, instruction, (example,), make, max_tokens=12 + 4 * count)
