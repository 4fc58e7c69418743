"""A world of files, a SQLite database, a ticket queue and a program with settings, and the tools that act on it.

Everything is really executed, in memory. A tool's trouble is a result that begins with `error:`.
"""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from tools.long_tasks.calls import Call, Signature

MAX_ROWS = 2
MAX_RESULT_CHARS = 160
_TEAMS = ("billing", "tech", "sales")

SIGNATURES = {
    signature.name: signature
    for signature in (
        Signature("list", ("folder",), "names of the files in a folder"),
        Signature("read", ("path",), "text of a file"),
        Signature("move", ("path", "folder"), "moves a file into a folder"),
        Signature("write", ("path", "text"), "writes a file"),
        Signature("query", ("sql",), "rows of a SELECT"),
        Signature("order", ("item", "units"), "orders units of an item, for good"),
        Signature("tickets", (), "numbers of the open tickets"),
        Signature("show", ("ticket",), "text of a ticket"),
        Signature("assign", ("ticket", "team"), "gives a ticket to billing, tech or sales"),
        Signature("reply", ("ticket", "text"), "answers and closes a ticket, for good"),
        Signature("check", (), "checks the settings, tells the first thing that is wrong"),
        Signature("set", ("path", "key", "value"), "changes a setting in a file"),
        Signature("done", (), "ends the task"),
    )
}


class ToolError(Exception):
    """What a tool says when it cannot do what was asked."""


@dataclass
class Ticket:
    """``team`` and ``reply`` are empty as long as nobody gave them."""

    text: str
    team: str = ""
    reply: str = ""


@dataclass
class World:
    """``seen`` is what the agent has been told so far: paths, ticket numbers, cells of the database."""

    files: dict[str, str] = field(default_factory=dict)
    rows: dict[str, tuple[int, int]] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    wanted: dict[tuple[str, str], str] = field(default_factory=dict)
    orders: list[tuple[str, int]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    n_early: int = 0
    is_over: bool = False

    def copy(self) -> "World":
        """One that may be changed without changing this."""
        return replace(
            self,
            files=dict(self.files),
            tickets={number: replace(ticket) for number, ticket in self.tickets.items()},
            orders=list(self.orders),
            seen=set(self.seen),
        )

    def run(self, call: Call, allowed: tuple[str, ...]) -> str:
        """Makes a call and tells what came of it; ``error: ...`` where it could not be made."""
        if call.tool not in allowed:
            return f"error: there is no tool {call.tool[:20]}"
        n = len(SIGNATURES[call.tool].parameters)
        if len(call.arguments) != n or not all(call.arguments):
            return f"error: use {SIGNATURES[call.tool].written().partition(':')[0]}"
        try:
            return _TOOLS[call.tool](self, *call.arguments)[:MAX_RESULT_CHARS]
        except ToolError as error:
            return f"error: {error}"[:MAX_RESULT_CHARS]


def settings_of(text: str) -> dict[str, str]:
    """The settings of a file: `key=value` by the line."""
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def _list(world: World, folder: str) -> str:
    start = folder.strip("/") + "/"
    names = [path.removeprefix(start) for path in sorted(world.files) if path.startswith(start)]
    if not names:
        raise ToolError(f"no folder {folder}")
    world.seen.add(f"list {start}")
    return " ".join(names)


def _read(world: World, path: str) -> str:
    world.seen.add(f"read {_known(world, path)}")
    return world.files[path].replace("\n", " ")


def _move(world: World, path: str, folder: str) -> str:
    text = world.files[_known(world, path)]
    if "." in folder:
        raise ToolError(f"{folder} is no folder")
    name = path.rpartition("/")[2]
    del world.files[path]
    world.files[f"{folder.strip('/')}/{name}"] = text
    return "ok"


def _write(world: World, path: str, text: str) -> str:
    world.files[path] = text
    return "ok"


def _query(world: World, sql: str) -> str:
    if not sql.lstrip().upper().startswith("SELECT"):
        raise ToolError("only SELECT is allowed")
    database = sqlite3.connect(":memory:")
    try:
        database.execute("CREATE TABLE stock (item TEXT, units INTEGER, price INTEGER)")
        database.executemany("INSERT INTO stock VALUES (?, ?, ?)", [(k, *v) for k, v in world.rows.items()])
        cursor = database.execute(sql)
        columns = [each[0] for each in cursor.description]
        found = cursor.fetchmany(MAX_ROWS)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise ToolError(str(error)) from error
    finally:
        database.close()
    for row in found:
        told = dict(zip(columns, row, strict=True))
        items = [str(told["item"])] if "item" in told else [item for item in world.rows if f"'{item}'" in sql]
        if len(items) == 1:
            world.seen.update(f"{column} {items[0]}" for column in columns)
    return "; ".join(" ".join(map(str, row)) for row in found) or "no rows"


def _order(world: World, item: str, units: str) -> str:
    if item not in world.rows:
        raise ToolError(f"no item {item}")
    if not units.isdecimal():
        raise ToolError(f"{units} is no number")
    world.orders.append((item, int(units)))
    return "ordered"


def _tickets(world: World) -> str:
    world.seen.add("tickets")
    return " ".join(sorted(number for number, ticket in world.tickets.items() if not ticket.reply))


def _show(world: World, ticket: str) -> str:
    found = _ticket(world, ticket)
    world.seen.add(f"show {ticket}")
    return found.text


def _assign(world: World, ticket: str, team: str) -> str:
    if team not in _TEAMS:
        raise ToolError(f"no team {team}")
    _ticket(world, ticket).team = team
    return "ok"


def _reply(world: World, ticket: str, text: str) -> str:
    found = _ticket(world, ticket)
    if found.reply:
        raise ToolError(f"ticket {ticket} is closed")
    found.reply = text
    return "sent"


def _check(world: World) -> str:
    for (path, key), value in world.wanted.items():
        if settings_of(world.files.get(path, "")).get(key) != value:
            world.seen.add(f"check {path} {key}")
            return f"failed: {path}: {key} must be {value}"
    world.seen.add("check passed")
    return "all settings passed"


def _set(world: World, path: str, key: str, value: str) -> str:
    settings = settings_of(world.files[_known(world, path)])
    if key not in settings:
        raise ToolError(f"no setting {key} in {path}")
    settings[key] = value
    world.files[path] = "\n".join(f"{name}={each}" for name, each in settings.items())
    return "ok"


def _done(world: World) -> str:
    world.is_over = True
    return "over"


def _known(world: World, path: str) -> str:
    if path not in world.files:
        raise ToolError(f"no file {path}")
    return path


def _ticket(world: World, ticket: str) -> Ticket:
    if ticket not in world.tickets:
        raise ToolError(f"no ticket {ticket}")
    return world.tickets[ticket]


_TOOLS: dict[str, Callable[..., str]] = {
    "list": _list,
    "read": _read,
    "move": _move,
    "write": _write,
    "query": _query,
    "order": _order,
    "tickets": _tickets,
    "show": _show,
    "assign": _assign,
    "reply": _reply,
    "check": _check,
    "set": _set,
    "done": _done,
}
