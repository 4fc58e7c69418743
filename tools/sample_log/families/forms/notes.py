"""Squeeze a note into a fixed schema; at difficulty 3 somebody or something else is named first."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

Fields = dict[str, Any]
NOTES: dict[int, dict[str, tuple[str, tuple[str, ...]]]] = {
    1: {
        "call": (
            "Phone note: {name} called about the {product}. Priority {level}.",
            ("name", "product", "level"),
        ),
        "visit": ("{name} visited us from {city} on {weekday}.", ("name", "city", "weekday")),
        "stock": ("There are {n} pieces of the {product} left in {city}.", ("product", "n", "city")),
        "ticket": ("Ticket by {name}: {product} defect, priority {level}.", ("name", "product", "level")),
    },
    2: {
        "meeting": (
            ("We met on {weekday} in {city}. {name} will look after the {product} and report back in {n} days."),
            ("name", "weekday", "n"),
        ),
        "outage": (
            ("The {service} service in {city} was away for {n} minutes. {name} restarted it; severity was {level}."),
            ("service", "n", "level"),
        ),
        "sale": (
            "{name} finally said yes: {n} pieces of the {product} go to {city}, first batch on {weekday}.",
            ("product", "n", "city"),
        ),
        "hire": (
            "{name} joins the {service} team in {city} on {weekday}, after {n} rounds of talks.",
            ("name", "service", "weekday"),
        ),
    },
    3: {
        "handover": (
            (
                "{other} had the {product} until {weekday2}; as of {weekday} it is {name}'s, though "
                "{other} stays in {city} for {n} more days."
            ),
            ("name", "weekday", "n"),
        ),
        "postmortem": (
            (
                "{service2} looked guilty at first, but the {n} lost minutes were caused by "
                "{service}. {other} first thought it {level2}, {name} settled on {level}."
            ),
            ("service", "n", "level"),
        ),
        "reorder": (
            (
                "Of the {total} {product}s ordered, {n} came back to {city2}; the rest stays in "
                "{city}, where {name} counts them again on {weekday}."
            ),
            ("product", "n", "city"),
        ),
        "replaced": (
            "Not {other} but {name} goes to {city} on {weekday}, {city2} is off, and {n} days suffice.",
            ("name", "city", "n"),
        ),
    },
}
KEYS = {"n": "number"}


def templates() -> list[Template]:
    """One template per note."""
    return [_summary(level, name) for level, notes in NOTES.items() for name in notes]


def _summary(level: int, name: str) -> Template:
    pattern, fields = NOTES[level][name]
    keys = [KEYS.get(field, field) for field in fields]

    def make(rng: Random) -> Case:
        facts = _note_facts(rng)
        gold = {key: facts[field] for key, field in zip(keys, fields, strict=True)}
        properties = {key: {"type": "integer" if key == "number" else "string"} for key in keys}
        schema = {"type": "object", "properties": properties, "required": keys}
        return Case(
            pattern.format(**facts),
            json.dumps(gold),
            {"kind": "json_equal", "expect": gold},
            response_schema=schema,
        )

    meaning = {
        "level": "level (low, medium or high)",
        "name": "name (who is in charge)" if level == 3 else "name",
    }
    instruction = (
        f"Summarise the note as JSON with the keys "
        f"{', '.join(meaning.get(key, key) for key in keys)}. Reply with only the JSON."
    )
    sample = {
        "name": "Bo",
        "product": "fan",
        "level": "low",
        "city": "Rome",
        "weekday": "Sunday",
        "number": 3,
        "service": "cart",
    }
    answer = {key: sample[key] for key in keys}
    example = Example("; ".join(str(value) for value in answer.values()), json.dumps(answer))
    return Template("summarize_schema", "summarize", level, name, instruction, (example,), make, max_tokens=44)


def _note_facts(rng: Random) -> Fields:
    name, other = rng.sample(words.FIRST, 2)
    city, city2 = rng.sample(words.CITIES, 2)
    weekday, weekday2 = rng.sample(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"], 2)
    service, service2 = rng.sample(words.SERVICES, 2)
    level, level2 = rng.sample(["low", "medium", "high"], 2)
    n = rng.randint(2, 40)
    return {
        "name": name,
        "other": other,
        "city": city,
        "city2": city2,
        "weekday": weekday,
        "weekday2": weekday2,
        "service": service,
        "service2": service2,
        "level": level,
        "level2": level2,
        "n": n,
        "total": n + rng.randint(3, 30),
        "product": rng.choice(words.PRODUCTS),
    }
