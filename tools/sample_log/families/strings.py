"""Change a text by a rule: case and joining, order and parts, letters."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

Change = Callable[[list[str]], str]
RULES: list[tuple[int, str, int, str, str, Change]] = [
    (1, "upper", 2, " ", "Write the text in upper case.", lambda ws: " ".join(ws).upper()),
    (1, "snake", 2, " ", "Write the text in snake_case.", "_".join),
    (1, "kebab", 2, " ", "Join the words with dashes.", "-".join),
    (1, "title", 2, " ", "Write each word with a capital first letter.", lambda ws: " ".join(ws).title()),
    (1, "first_word", 3, " ", "Give the first word.", lambda ws: ws[0]),
    (1, "last_word", 3, " ", "Give the last word.", lambda ws: ws[-1]),
    (1, "exclaim", 1, " ", "Put an exclamation mark behind the word.", lambda ws: f"{ws[0]}!"),
    (
        2,
        "camel",
        3,
        "_",
        "Convert the snake_case name to camelCase.",
        lambda ws: ws[0] + "".join(w.title() for w in ws[1:]),
    ),
    (2, "reverse_words", 3, " ", "Reverse the order of the words.", lambda ws: " ".join(ws[::-1])),
    (
        2,
        "initials",
        3,
        " ",
        "Give the upper case first letters joined with dots.",
        lambda ws: ".".join(w[0].upper() for w in ws),
    ),
    (2, "alphabetical", 4, " ", "Put the words in alphabetical order.", lambda ws: " ".join(sorted(ws))),
    (
        2,
        "constant",
        3,
        "-",
        "Convert the kebab-case name to UPPER_SNAKE_CASE.",
        lambda ws: "_".join(ws).upper(),
    ),
    (
        2,
        "path",
        3,
        " ",
        "Make an absolute path of the words, with the extension .txt.",
        lambda ws: "/" + "/".join(ws) + ".txt",
    ),
    (3, "reverse_letters", 1, " ", "Reverse the letters of the word.", lambda ws: ws[0][::-1]),
    (
        3,
        "no_vowels",
        2,
        " ",
        "Remove all the vowels a, e, i, o, u.",
        lambda ws: "".join(c for c in " ".join(ws) if c not in "aeiou"),
    ),
    (
        3,
        "every_second",
        1,
        " ",
        "Keep only the letters at the positions 1, 3, 5 and so on.",
        lambda ws: ws[0][::2],
    ),
    (
        3,
        "by_length",
        4,
        " ",
        "Put the words in order of length, ties alphabetically.",
        lambda ws: " ".join(sorted(ws, key=lambda w: (len(w), w))),
    ),
    (3, "last_letters", 4, " ", "Join the last letters of the words.", lambda ws: "".join(w[-1] for w in ws)),
    (
        3,
        "swap_ends",
        1,
        " ",
        "Swap the first and the last letter of the word.",
        lambda ws: ws[0][-1] + ws[0][1:-1] + ws[0][0],
    ),
]
SHOWN = ["table", "big", "car", "ice"]


def templates() -> list[Template]:
    """One template per rule."""
    return [_template(*rule) for rule in RULES]


def _template(level: int, name: str, count: int, joint: str, order: str, change: Change) -> Template:
    def make(rng: Random) -> Case:
        picked = rng.sample(words.WORDS, count)
        gold = change(picked)
        return Case(joint.join(picked), gold, {"kind": "text", "expect": gold, "exact": True})

    shown = SHOWN[:count]
    example = Example(joint.join(shown), change(shown))
    return Template(
        "string_transform",
        "format",
        level,
        name,
        f"{order} Reply with only the result.",
        (example,),
        make,
        max_tokens=18,
    )
