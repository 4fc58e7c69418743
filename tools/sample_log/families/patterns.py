"""Write a regular expression; it is judged by the strings it matches and rejects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from tools.sample_log.families.template import Case, Example, Template


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to match in words, the reference expression, strings that must match and strings that must not."""

    about: str
    gold: str
    match: tuple[str, ...]
    reject: tuple[str, ...]


Form = Callable[[Random], Pattern]
LETTERS = "ABCDEFGHKLMNPRSTUVWXYZ"


def templates() -> list[Template]:
    """One template per form of description."""
    return [_template(level, name, form) for level, forms in FORMS.items() for name, form in forms.items()]


def _template(level: int, name: str, form: Form) -> Template:
    def make(rng: Random) -> Case:
        pattern = form(rng)
        shown = (
            f"{pattern.about}. Match: {', '.join(pattern.match[:3])}. No match: "
            f"{', '.join(filter(None, pattern.reject[:3]))}"
        )
        verify = {"kind": "regex_cases", "match": list(pattern.match), "reject": list(pattern.reject)}
        return Case(shown, pattern.gold, verify)

    instruction = "Write a Python regular expression for the whole string. Reply with only the expression."
    example = Example("exactly 2 upper case letters. Match: AB. No match: A1", "^[A-Z]{2}$")
    return Template("regex", "code", level, name, instruction, (example,), make, max_tokens=48)


def _digits(rng: Random) -> Pattern:
    n = rng.randint(3, 8)
    return Pattern(
        f"exactly {n} digits",
        rf"\d{{{n}}}",
        ("1" * n, "0" * n, "987654321"[:n]),
        ("1" * (n - 1), "1" * (n + 1), "a" + "1" * (n - 1)),
    )


def _lower(rng: Random) -> Pattern:
    n = rng.randint(2, 6)
    return Pattern(
        f"{n} or more lower case letters",
        rf"[a-z]{{{n},}}",
        ("b" * n, "abcdefgh"),
        ("b" * (n - 1), "B" * n, "a1" * n),
    )


def _either(rng: Random) -> Pattern:
    a, b = rng.sample(["yes", "no", "on", "off", "true", "false", "up", "down", "left", "right"], 2)
    return Pattern(f"{a} or {b}", f"{a}|{b}", (a, b), (a + b, "maybe", a.upper()))


def _prefix(rng: Random) -> Pattern:
    word, n = rng.choice(["id", "user", "item", "row", "step"]), rng.randint(1, 3)
    rest = "7" * n
    return Pattern(
        f"{word}- and then exactly {n} digits",
        rf"{word}-\d{{{n}}}",
        (f"{word}-{rest}", f"{word}-{'0' * n}"),
        (f"{word}-{rest}1", rest, f"{word}{rest}"),
    )


def _ends(rng: Random) -> Pattern:
    end = rng.choice(["txt", "csv", "log", "png", "json", "yaml"])
    return Pattern(
        f"lower case letters and then .{end}",
        rf"[a-z]+\.{end}",
        (f"notes.{end}", f"a.{end}"),
        (f"notes{end}", f".{end}", f"A.{end}", f"notesx{end}"),
    )


def _count_letters(rng: Random) -> Pattern:
    letter, n = rng.choice("abcxyz"), rng.randint(2, 5)
    return Pattern(
        f"the letter {letter} exactly {n} times",
        f"{letter}{{{n}}}",
        (letter * n,),
        (letter * (n - 1), letter * (n + 1), "q" * n),
    )


def _dashed_date(rng: Random) -> Pattern:
    joint = rng.choice(["-", "/", "_"])
    good = (f"2024{joint}05{joint}31", f"1999{joint}12{joint}01")
    return Pattern(
        f"4 digits, 2 digits and 2 digits with {joint} between",
        rf"\d{{4}}{joint}\d{{2}}{joint}\d{{2}}",
        good,
        (f"2024{joint}5{joint}31", "20240531", good[0] + "1"),
    )


def _hex(rng: Random) -> Pattern:
    n = rng.choice([3, 6, 8])
    return Pattern(
        f"# and then {n} hexadecimal digits in either case",
        rf"#[0-9a-fA-F]{{{n}}}",
        ("#" + "a1B2c3D4"[:n], "#" + "0" * n),
        ("a1B2c3D4"[:n], "#" + "g" * n, "#" + "1" * (n + 1)),
    )


def _code(rng: Random) -> Pattern:
    low, high = rng.choice([(1, 3), (2, 4), (1, 4)])
    good = ("ABC-12", "X-" + "1" * low, "QQ-" + "9" * high) if low <= 2 else ("X-" + "1" * low,)
    return Pattern(
        f"upper case letters, a dash and {low} to {high} digits",
        rf"[A-Z]+-\d{{{low},{high}}}",
        good,
        ("abc-12", "AB12", "A-" + "1" * (high + 1), "-12"),
    )


def _version(rng: Random) -> Pattern:
    letter = rng.choice(["v", "r", "V"])
    return Pattern(
        f"{letter} and three numbers with dots between",
        rf"{letter}\d+\.\d+\.\d+",
        (f"{letter}1.2.3", f"{letter}10.0.12"),
        ("1.2.3", f"{letter}1.2", f"{letter}1.2.3.4", f"{letter}1a2a3"),
    )


def _money(rng: Random) -> Pattern:
    unit = rng.choice(["EUR", "USD", "CHF"])
    return Pattern(
        f"digits, a dot, exactly 2 digits, a space and {unit}",
        rf"\d+\.\d{{2}} {unit}",
        (f"12.50 {unit}", f"0.99 {unit}"),
        (f"12.5 {unit}", f"12,50 {unit}", f"12.50{unit}", f"1250 {unit}"),
    )


def _words_joined(rng: Random) -> Pattern:
    joint = rng.choice(["_", "-"])
    good = (f"one{joint}two", "one", f"a{joint}b{joint}c")
    return Pattern(
        f"words of lower case letters, joined by single {joint}",
        rf"[a-z]+({joint}[a-z]+)*",
        good,
        (f"{joint}one", f"one{joint}", f"one{joint}{joint}two", "One"),
    )


def _byte(_: Random) -> Pattern:
    return Pattern(
        "a number from 0 to 255 without leading zeros",
        r"25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d",
        ("0", "42", "199", "255", "7"),
        ("256", "300", "01", "-1", "1000"),
    )


def _up_to(rng: Random) -> Pattern:
    top = rng.choice([31, 59, 99, 23, 12])
    tens, ones = divmod(top, 10)
    gold = rf"[1-9]|[1-{tens - 1}]\d|{tens}[0-{ones}]" if tens > 1 else rf"[1-9]|1[0-{ones}]"
    return Pattern(
        f"a number from 1 to {top} without leading zeros",
        gold,
        ("1", "9", str(top), "10"),
        ("0", str(top + 1), "01", "123"),
    )


def _needs_both(rng: Random) -> Pattern:
    n = rng.randint(4, 6)
    gold = rf"(?=.*\d)(?=.*[A-Z])[A-Za-z\d]{{{n},}}"
    return Pattern(
        f"{n} or more letters and digits, with at least one digit and one upper case letter",
        gold,
        ("Abc" + "1" * n, "1" * n + "Z", "9X" + "a" * n),
        ("a" * n + "1", "A" * (n + 1), "A1", "A1-" + "a" * n),
    )


def _clock(_: Random) -> Pattern:
    return Pattern(
        "a time from 00:00 to 23:59",
        r"([01]\d|2[0-3]):[0-5]\d",
        ("00:00", "23:59", "19:07"),
        ("24:00", "12:60", "1:30", "1234"),
    )


def _float(_: Random) -> Pattern:
    gold = r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"
    return Pattern(
        "a decimal number with optional sign, optional fraction and optional exponent",
        gold,
        ("1", "-2.5", "+3e-7", "10.0E5"),
        (".5", "1.", "e5", "1e", "--1"),
    )


def _no_letter(rng: Random) -> Pattern:
    letter = rng.choice("aeioxz")
    return Pattern(
        f"one or more lower case letters, but without {letter}",
        rf"(?!.*{letter})[a-z]+",
        ("bcd", "q", "mnpw"),
        (letter, f"bc{letter}d", "", "BCD"),
    )


def _no_repeat(rng: Random) -> Pattern:
    n = rng.randint(3, 5)
    good = ("abcdef"[:n], "zyxwvu"[:n])
    return Pattern(
        f"exactly {n} lower case letters, no two neighbours the same",
        rf"(?:([a-z])(?!\1)){{{n}}}",
        good,
        ("aabcde"[:n], "abb" + "cdef"[: n - 3], "abcdefg"[: n + 1], "ABCDEF"[:n]),
    )


FORMS: dict[int, dict[str, Form]] = {
    1: {
        "digits": _digits,
        "lower": _lower,
        "either": _either,
        "prefix": _prefix,
        "ends": _ends,
        "count_letters": _count_letters,
    },
    2: {
        "dashed_date": _dashed_date,
        "hex": _hex,
        "code": _code,
        "version": _version,
        "money": _money,
        "words_joined": _words_joined,
    },
    3: {
        "byte": _byte,
        "up_to": _up_to,
        "needs_both": _needs_both,
        "clock": _clock,
        "float": _float,
        "no_letter": _no_letter,
        "no_repeat": _no_repeat,
    },
}
