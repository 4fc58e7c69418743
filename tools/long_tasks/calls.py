"""A call as a small model writes it: `move(inbox/a.txt, done)`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_CALL = re.compile(r"([A-Za-z_]+)\s*\((.*)\)", re.DOTALL)
_QUOTES = "\"'` "


@dataclass(frozen=True, slots=True)
class Signature:
    """A tool: its name, what its parameters are called, and what it does in a few words."""

    name: str
    parameters: tuple[str, ...]
    does: str

    def written(self) -> str:
        return f"{self.name}({', '.join(self.parameters)}): {self.does}"

    def to_record(self) -> dict[str, Any]:
        """As a step log holds tools."""
        properties = {name: {"type": "string"} for name in self.parameters}
        schema = {"type": "object", "properties": properties, "required": list(self.parameters)}
        return {"name": self.name, "description": self.does, "parameters": schema}


@dataclass(frozen=True, slots=True)
class Call:
    """One call; every argument is a text."""

    tool: str
    arguments: tuple[str, ...] = ()

    def written(self) -> str:
        return f"{self.tool}({', '.join(self.arguments)})"

    def named(self, signatures: Mapping[str, Signature]) -> dict[str, str]:
        """Arguments by the parameter's name; those of an unknown tool, or too many, by their number."""
        names = signatures[self.tool].parameters if self.tool in signatures else ()
        return {names[n] if n < len(names) else str(n): value for n, value in enumerate(self.arguments)}


def read_call(text: str, signatures: Mapping[str, Signature]) -> Call | None:
    """The call on the first line that is not empty, None where there is none. The last parameter takes all that is
    left, commas too.

    >>> read_call(" move('a.txt', done)", {"move": Signature("move", ("path", "folder"), "moves")})
    Call(tool='move', arguments=('a.txt', 'done'))
    """
    line = next((line for line in text.splitlines() if line.strip(_QUOTES)), "")
    found = _CALL.search(line.strip(_QUOTES))
    if found is None:
        return None
    tool, inside = found.group(1), found.group(2).strip()
    n = len(signatures[tool].parameters) if tool in signatures else 1
    parts = inside.split(",", max(n - 1, 0)) if inside else []
    return Call(tool, tuple(_bare(part) for part in parts))


def _bare(argument: str) -> str:
    stripped = argument.strip()
    name, equals, value = stripped.partition("=")
    if equals and name.strip().isidentifier() and not stripped.upper().startswith("SELECT"):
        stripped = value.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'`":
        return stripped[1:-1]
    return stripped
