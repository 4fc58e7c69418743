"""Records: write one as a CSV row, or remove the duplicates of a list."""

from __future__ import annotations

import csv
import io
from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

CSV_COLUMNS: dict[int, tuple[tuple[str, ...], ...]] = {
    1: (
        ("id", "name", "city"),
        ("name", "city"),
        ("city", "price"),
        ("id", "product"),
        ("product", "price"),
        ("name", "paid"),
    ),
    2: (
        ("id", "name", "city", "price"),
        ("name", "product", "price"),
        ("product", "price", "paid", "city"),
        ("city", "name", "paid"),
        ("id", "product", "paid"),
        ("price", "name", "id", "paid"),
    ),
    3: (
        ("id", "name", "place", "price"),
        ("name", "note", "city"),
        ("place", "note"),
        ("id", "place", "note", "paid"),
        ("product", "note", "price"),
        ("name", "place", "price", "note"),
    ),
}
SAMPLE = {
    "id": "7",
    "name": "Bo Li",
    "city": "Rome",
    "price": "3.00",
    "paid": "no",
    "product": "fan",
    "place": "Rome, East",
    "note": 'said "hi"',
}


def templates() -> list[Template]:
    """The families csv_row and dedupe."""
    rows = [_csv(level, columns) for level, choices in CSV_COLUMNS.items() for columns in choices]
    doubles = [_dedupe(level, name) for level, names in DEDUPE.items() for name in names]
    return rows + doubles


def _csv(level: int, columns: tuple[str, ...]) -> Template:
    def make(rng: Random) -> Case:
        record = _record(rng)
        row = [record[column] for column in columns]
        shown = list(columns)
        if level > 1:
            rng.shuffle(shown)
        text = "; ".join(f"{column} = {record[column]}" for column in shown)
        return Case(text, _csv_line(row), {"kind": "csv_row", "expect": row})

    instruction = (
        f"Write the record as one CSV row (RFC 4180), columns {','.join(columns)} in this order. "
        f"Reply with only the row."
    )
    example = Example(
        "; ".join(f"{column} = {SAMPLE[column]}" for column in reversed(columns)),
        _csv_line([SAMPLE[column] for column in columns]),
    )
    return Template(
        "csv_row",
        "format",
        level,
        "_".join(columns),
        instruction,
        (example,),
        make,
        max_tokens=24 + 6 * len(columns),
    )


def _csv_line(row: list[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(row)
    return buffer.getvalue()


def _record(rng: Random) -> dict[str, str]:
    return {
        "id": str(rng.randint(1, 999)),
        "name": words.person(rng),
        "city": rng.choice(words.CITIES),
        "price": f"{rng.uniform(1, 500):.2f}",
        "paid": rng.choice(["yes", "no"]),
        "product": rng.choice(words.PRODUCTS),
        "place": f"{rng.choice(words.CITIES)}, {rng.choice(['North', 'South', 'West'])}",
        "note": f'said "{rng.choice(["later", "ok", "no", "call me", "thanks"])}"',
    }


DEDUPE: dict[int, tuple[str, ...]] = {
    1: ("words", "cities", "numbers", "services"),
    2: ("case", "spaces", "emails", "plural"),
    3: ("initials", "swapped", "marks", "mixed"),
}


def _dedupe(level: int, name: str) -> Template:
    def make(rng: Random) -> Case:
        items = _items(rng, name, 3 + level)
        doubled = rng.sample(items, level if level < 3 else 2)
        shown = list(items)
        for item in doubled:
            # A variant stands behind its original, so "keep the first" has one answer.
            shown.insert(rng.randint(shown.index(item) + 1, len(shown)), _variant(rng, name, item))
        verify = {"kind": "items", "expect": items, "ordered": True}
        return Case("; ".join(shown).replace(";", ","), ", ".join(items), verify)

    rule = "" if level == 1 else f" {DEDUPE_RULES[name]}"
    instruction = (
        f"Remove duplicates, keep the first of each, in order.{rule} Reply with only the list, separated by commas."
    )
    examples = (Example("red, blue, red, green", "red, blue, green"),)
    return Template("dedupe", "format", level, name, instruction, examples, make, max_tokens=44)


DEDUPE_RULES = {
    "case": "Upper and lower case are the same.",
    "spaces": "A dash and a space are the same.",
    "emails": "Anything from a plus sign to the @ does not count.",
    "plural": "Singular and plural are the same.",
    "initials": "A first name and its initial are the same person.",
    "swapped": "Last name first or last is the same person.",
    "marks": "Case, dots and dashes do not count.",
    "mixed": "Case and order of the two words do not count.",
}


def _items(rng: Random, name: str, count: int) -> list[str]:
    if name == "numbers":
        return [str(number) for number in rng.sample(range(10, 99), count)]
    if name == "cities":
        return rng.sample(words.CITIES, count)
    if name == "services":
        return rng.sample(words.SERVICES, count)
    if name == "emails":
        return [f"{first.lower()}@{rng.choice(words.DOMAINS)}" for first in rng.sample(words.FIRST, count)]
    if name in ("spaces", "mixed", "marks"):
        first = rng.sample(words.WORDS, count)
        return [f"{one} {rng.choice(words.PRODUCTS).split()[-1]}" for one in first]
    if name in ("initials", "swapped"):
        return [
            f"{first} {last}"
            for first, last in zip(rng.sample(words.FIRST, count), rng.sample(words.LAST, count), strict=True)
        ]
    return rng.sample(words.WORDS, count)


def _variant(rng: Random, name: str, item: str) -> str:
    first, _, rest = item.partition(" ")
    variants = {
        "case": item.upper(),
        "spaces": item.replace(" ", "-"),
        "emails": item.replace("@", f"+{rng.choice(words.WORDS)}@"),
        "plural": f"{item}s",
        "initials": f"{first[0]}. {rest}",
        "swapped": f"{rest} {first}",
        "marks": item.upper().replace(" ", rng.choice(["-", "."])),
        "mixed": f"{rest.title()} {first.title()}",
    }
    return variants.get(name, item)
