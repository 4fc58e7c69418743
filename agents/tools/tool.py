"""One tool: its name, its schema, what calling it does to the world, and the call itself."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tierwise.data.errors import TierwiseError
from tierwise.data.foreign import ForeignError
from tierwise.data.foreign.schema import check_schema
from tierwise.data.foreign.shape import check_shape
from tierwise.data.records import Tool

MAX_DESCRIPTION_CHARS = 4_000
MAX_SCHEMA_VALUES = 2_000
MAX_SCHEMA_CHARS = 50_000
"""Of a tool's arguments: the schema goes to the model with every call."""
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

CallTool = Callable[[Mapping[str, Any], str], Awaitable[object]]
"""Takes the arguments and the key of the call, which is the same when an interrupted call is made again."""


class Effect(StrEnum):
    """What a call does. ``READS``: nothing that lasts, so it may run beside others and again. ``WRITES``: it runs alone
    and once. ``IRREVERSIBLE``: a write that waits for somebody's approval."""

    READS = "reads"
    WRITES = "writes"
    IRREVERSIBLE = "irreversible"

    @classmethod
    def of(cls, given: str) -> "Effect":
        """The effect of that name. Raises ``TierwiseError`` for another."""
        try:
            return cls(given)
        except ValueError:
            raise TierwiseError(f"the effect '{given}' is not known; known are {', '.join(cls)}") from None


class ToolError(Exception):
    """A tool's own words for what went wrong; they become the result."""


@dataclass(frozen=True, slots=True)
class AgentTool:
    """``parameters`` is the JSON schema of the arguments. ``takes_key`` says that the tool does nothing when it is
    called again with the same key. A result longer than ``max_result_chars`` is cut.

    Raises ``TierwiseError`` for a name, a schema or a limit that no call could be made with.
    """

    name: str
    description: str
    parameters: Mapping[str, Any]
    effect: Effect
    call: CallTool
    takes_key: bool = False
    timeout_seconds: float = 60.0
    max_result_chars: int = 4_000

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TierwiseError(f"the tool name {self.name[:80]!r} needs 1 to 64 letters, digits, '-' or '_'")
        for limit in ("timeout_seconds", "max_result_chars"):
            if not getattr(self, limit) > 0:
                raise TierwiseError(f"{limit} of '{self.name}' is {getattr(self, limit)}; a number above 0 is needed")
        try:
            check_shape(self.parameters, MAX_SCHEMA_VALUES)
            if len(json.dumps(self.parameters)) > MAX_SCHEMA_CHARS:
                raise TierwiseError(f"it has more than {MAX_SCHEMA_CHARS} characters")
            check_schema(self.parameters)
        except (TierwiseError, ForeignError, TypeError, ValueError) as error:
            raise TierwiseError(f"the schema of the tool '{self.name}' cannot be used: {error}") from None

    def to_record(self) -> Tool:
        """The tool as models and the log see it."""
        return Tool(self.name, self.description[:MAX_DESCRIPTION_CHARS], self.parameters)
