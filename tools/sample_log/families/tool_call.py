"""Pick a tool and fill its arguments: plainly asked, among more tools, or asked with the wrong tools
named.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts import words

Arguments = dict[str, Any]
Ask = Callable[[Random], tuple[str, Arguments]]
N_TOOLS = {1: 3, 2: 4, 3: 6}
PARAMETERS: dict[str, dict[str, str]] = {
    "get_weather": {"city": "string"},
    "send_email": {"to": "string", "subject": "string"},
    "create_event": {"title": "string", "date": "string"},
    "search_web": {"query": "string"},
    "read_file": {"path": "string"},
    "delete_file": {"path": "string"},
    "move_file": {"src": "string", "dst": "string"},
    "set_timer": {"minutes": "integer"},
    "convert_currency": {"amount": "number", "source": "string", "target": "string"},
    "get_stock": {"symbol": "string"},
    "list_dir": {"path": "string"},
    "restart_service": {"service": "string"},
}


def templates() -> list[Template]:
    """One template per way of asking for a tool."""
    return [_template(level, name, tool, ask) for level, name, tool, ask in ASKS]


def _template(level: int, name: str, tool: str, ask: Ask) -> Template:
    def make(rng: Random) -> Case:
        question, arguments = ask(rng)
        others = rng.sample([other for other in PARAMETERS if other not in (tool, "search_web")], N_TOOLS[level] - 2)
        offered = [tool, "search_web", *others]
        rng.shuffle(offered)
        listing = "\n".join(f"- {one}({', '.join(PARAMETERS[one])})" for one in offered)
        return Case(
            question,
            json.dumps({"tool": tool, "args": arguments}),
            {"kind": "tool_call", "tool": tool, "args": arguments},
            instruction=(
                f'Call the one right tool:\n{listing}\nReply with only JSON like {{"tool": name, "args": {{...}}}}.'
            ),
            tools=tuple(_definition(one) for one in offered),
        )

    example = Example("Search the web for blue whales", '{"tool": "search_web", "args": {"query": "blue whales"}}')
    return Template("tool_call", "tool_call", level, name, "", (example,), make, max_tokens=64)


def _definition(tool: str) -> dict[str, Any]:
    properties = {name: {"type": kind} for name, kind in PARAMETERS[tool].items()}
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"name": tool, "description": tool.replace("_", " "), "parameters": parameters}


def _path(rng: Random) -> str:
    return f"/home/{rng.choice(words.FIRST).lower()}/{rng.choice(['notes', 'report', 'todo', 'draft'])}.txt"


def _target(rng: Random) -> str:
    return f"/srv/{rng.choice(['backup', 'archive'])}/{rng.randint(1, 99)}.txt"


def _city(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        city = rng.choice(words.CITIES)
        return pattern.format(city=city), {"city": city}

    return ask


def _file(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        path = _path(rng)
        return pattern.format(path=path), {"path": path}

    return ask


def _folder(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        path = f"/var/{rng.choice(words.WORDS)}/{rng.randint(1, 99)}"
        return pattern.format(path=path), {"path": path}

    return ask


def _timer(pattern: str, unit_minutes: int, counts: tuple[int, ...]) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        count = rng.choice(counts)
        return pattern.format(count=count), {"minutes": count * unit_minutes}

    return ask


def _mail(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        to = f"{rng.choice(words.FIRST).lower()}@{rng.choice(words.DOMAINS)}"
        subject = rng.choice(["Lunch", "Budget", "Release plan", "Travel costs", "New badge"])
        return pattern.format(to=to, subject=subject), {"to": to, "subject": subject}

    return ask


def _move(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        src, dst = _path(rng), _target(rng)
        return pattern.format(src=src, dst=dst), {"src": src, "dst": dst}

    return ask


def _currency(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        source, target = rng.sample(["EUR", "JPY", "USD", "GBP", "CHF"], 2)
        amount = rng.randint(5, 900)
        return pattern.format(amount=amount, source=source, target=target), {
            "amount": amount,
            "source": source,
            "target": target,
        }

    return ask


def _event(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        title = rng.choice(["Dentist", "Review", "Team lunch", "Audit"])
        date = f"2026-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}"
        return pattern.format(title=title, date=date), {"title": title, "date": date}

    return ask


def _service(pattern: str) -> Ask:
    def ask(rng: Random) -> tuple[str, Arguments]:
        service, other = rng.sample(words.SERVICES, 2)
        return pattern.format(service=service, other=other), {"service": service}

    return ask


ASKS: list[tuple[int, str, str, Ask]] = [
    (1, "weather", "get_weather", _city("How warm is it in {city} right now?")),
    (1, "read", "read_file", _file("Show me what is written in {path}")),
    (1, "list", "list_dir", _folder("Which files are in {path}?")),
    (1, "timer", "set_timer", _timer("Wake me in {count} minutes.", 1, (15, 20, 30, 45, 50))),
    (1, "restart", "restart_service", _service("Restart the {service} service")),
    (1, "delete", "delete_file", _file("Delete {path}")),
    (2, "mail", "send_email", _mail("Write a mail about {subject} to {to}")),
    (2, "move", "move_file", _move("Move {src} to {dst}")),
    (2, "currency", "convert_currency", _currency("How much is {amount} {source} in {target}?")),
    (2, "event", "create_event", _event("Put '{title}' into my calendar on {date}")),
    (2, "umbrella", "get_weather", _city("Do I need an umbrella in {city}?")),
    (2, "hang", "restart_service", _service("{service} hangs, please bring it up again")),
    (
        3,
        "mail_not_event",
        "send_email",
        _mail("Do not put anything in the calendar; rather drop {to} a message headed {subject}"),
    ),
    (
        3,
        "not_deleted",
        "move_file",
        _move("I don't want {src} deleted: it should just lie at {dst} from now on"),
    ),
    (
        3,
        "currency_no_search",
        "convert_currency",
        _currency("What would I get in {target} for {amount} of my {source} today, no web search please?"),
    ),
    (
        3,
        "remind",
        "create_event",
        _event("On {date} I have '{title}'; let the calendar know under just that word, no mail"),
    ),
    (3, "rid", "delete_file", _file("I have read {path} and no longer need it, get rid of it")),
    (3, "hours", "set_timer", _timer("Ring a bell in {count} hours.", 60, (2, 3, 4, 5))),
    (
        3,
        "other_service",
        "restart_service",
        _service("{other} is fine; it is {service} that must be bounced, not removed"),
    ),
]
