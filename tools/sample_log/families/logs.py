"""Read machine text: one field of a log line, several fields, or the one line of several that matters."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random

from tools.sample_log.families.template import Case, Example, Template, Verify
from tools.sample_log.families.texts import words

Line = dict[str, str]
LEVELS = ("INFO", "WARN", "ERROR")


def templates() -> list[Template]:
    """Six single fields, six pairs, six questions over four lines."""
    singles = [_single(field) for field in ("level", "service", "status", "request", "host", "user")]
    pairs = [_pair(*fields) for fields in PAIRS]
    questions = [_question(name, ask, pick) for name, ask, pick in QUESTIONS]
    return singles + pairs + questions


PAIRS = (
    ("level", "service"),
    ("status", "ms"),
    ("request", "status"),
    ("user", "host"),
    ("service", "ms"),
    ("host", "request"),
)
QUESTIONS: tuple[tuple[str, str, Callable[[list[Line]], str]], ...] = (
    ("first_error", "Which request id has the first ERROR line?", lambda lines: _errors(lines)[0]["request"]),
    ("last_error", "Which service wrote the last ERROR line?", lambda lines: _errors(lines)[-1]["service"]),
    (
        "slowest",
        "Which request id has the highest ms?",
        lambda lines: max(lines, key=lambda line: int(line["ms"]))["request"],
    ),
    (
        "fastest",
        "Which host has the lowest ms?",
        lambda lines: min(lines, key=lambda line: int(line["ms"]))["host"],
    ),
    ("count_errors", "How many lines are ERROR lines?", lambda lines: str(len(_errors(lines)))),
    (
        "total_ms",
        "What is the sum of ms over all lines?",
        lambda lines: str(sum(int(line["ms"]) for line in lines)),
    ),
)
EXAMPLE = {
    "level": "INFO",
    "service": "cart",
    "host": "h-11",
    "request": "r-1a2b",
    "status": "204",
    "ms": "17",
    "user": "bo",
    "time": "08:00:01",
}


def _single(field: str) -> Template:
    def make(rng: Random) -> Case:
        line = _line(rng)
        return Case(_text(line), line[field], {"kind": "text", "expect": line[field], "exact": True})

    instruction = f"Give the {field} of the log line. Reply with only the value."
    return Template(
        "log_fields",
        "extract",
        1,
        field,
        instruction,
        (Example(_text(EXAMPLE), EXAMPLE[field]),),
        make,
        max_tokens=12,
    )


def _pair(first: str, second: str) -> Template:
    def make(rng: Random) -> Case:
        line = _line(rng)
        gold = {first: line[first], second: line[second]}
        return Case(_text(line), json.dumps(gold), {"kind": "json_equal", "expect": gold})

    instruction = f"Give {first} and {second} of the log line as JSON with string values. Reply with only the JSON."
    example = Example(_text(EXAMPLE), json.dumps({first: EXAMPLE[first], second: EXAMPLE[second]}))
    return Template("log_fields", "extract", 2, f"{first}_{second}", instruction, (example,), make, max_tokens=36)


def _question(name: str, ask: str, pick: Callable[[list[Line]], str]) -> Template:
    def make(rng: Random) -> Case:
        lines = [_line(rng, level) for level in rng.sample(["ERROR", "ERROR", "INFO", "WARN", rng.choice(LEVELS)], 4)]
        for line, time in zip(lines, sorted(line["time"] for line in lines), strict=True):
            line["time"] = time
        answer = pick(lines)
        verify: Verify = {"kind": "text", "expect": answer, "exact": True}
        if answer.isdigit():
            verify = {"kind": "number", "expect": int(answer)}
        return Case("\n" + "\n".join(_short(line) for line in lines), answer, verify)

    instruction = f"Read the log and answer: {ask} Reply with only the answer."
    shown = [
        EXAMPLE,
        EXAMPLE
        | {
            "time": "08:00:05",
            "level": "ERROR",
            "service": "mail",
            "host": "h-12",
            "request": "r-77aa",
            "ms": "90",
        },
    ]
    example = Example("\n" + "\n".join(_short(line) for line in shown), pick(shown))
    return Template("log_fields", "extract", 3, name, instruction, (example,), make, max_tokens=10)


def _line(rng: Random, level: str | None = None) -> Line:
    return {
        "time": f"{rng.randint(0, 23):02d}:{rng.randint(0, 59):02d}:{rng.randint(0, 59):02d}",
        "level": level or rng.choice(LEVELS),
        "service": rng.choice(words.SERVICES),
        "host": f"h-{rng.randint(10, 99)}",
        "request": f"r-{rng.randrange(16**4):04x}",
        "status": rng.choice(["200", "201", "301", "400", "404", "500", "503"]),
        "ms": str(rng.randint(3, 980)),
        "user": rng.choice(words.FIRST).lower(),
    }


def _text(line: Line) -> str:
    return (
        f"{line['time']} level={line['level']} service={line['service']} host={line['host']} "
        f"request={line['request']} "
        f"status={line['status']} ms={line['ms']} user={line['user']}"
    )


def _short(line: Line) -> str:
    return f"{line['time']} {line['level']} {line['service']} {line['host']} {line['request']} ms={line['ms']}"


def _errors(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line["level"] == "ERROR"]
