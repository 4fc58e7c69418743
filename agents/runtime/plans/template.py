"""Step templates: instructions that are written once, with parameters."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tierwise.data.errors import TierwiseError

PLACE = re.compile(r"\{(#\d+(?:-\d+)?|[A-Za-z_]\w*)\}")
"""A parameter such as ``{city}``, a line of the goal such as ``{#3}``, or several: ``{#3-7}``."""
_NAME = re.compile(r"[A-Za-z_][\w-]{0,63}")


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """A step that plans refer to by ``name``. ``instruction`` says its parameters as ``{city}``; ``hint`` is what the
    planner is told of it, by default the beginning of the instruction. The other fields are those of a step.

    Raises ``TierwiseError`` for a name or an instruction that no plan could use.
    """

    name: str
    instruction: str
    hint: str = ""
    task_type: str | None = None
    input_complexity: float | None = None
    requires_judgment: bool = False
    human_visible: bool = False
    response_schema: Mapping[str, Any] | None = None
    tools: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise TierwiseError(f"the template name {self.name[:80]!r} needs letters, digits, '-' and '_'")
        if not self.instruction.strip():
            raise TierwiseError(f"the template '{self.name}' has no instruction; say what the step has to do")

    @property
    def parameters(self) -> tuple[str, ...]:
        """What a plan has to give, in the order of the text.

        >>> StepTemplate("row", "Write {record} as CSV, columns {columns}.").parameters
        ('record', 'columns')
        """
        found = (match[1] for match in PLACE.finditer(self.instruction))
        return tuple(dict.fromkeys(name for name in found if not name.startswith("#")))

    def to_entry(self) -> dict[str, Any]:
        """Its fields, under the names that a plan gives them."""
        given = {
            "do": self.instruction,
            "task_type": self.task_type,
            "input_complexity": self.input_complexity,
            "requires_judgment": self.requires_judgment or None,
            "human_visible": self.human_visible or None,
            "response_schema": self.response_schema,
            "tools": list(self.tools) or None,
        }
        return {name: value for name, value in given.items() if value is not None}


def by_name(templates: Sequence[StepTemplate]) -> dict[str, StepTemplate]:
    """The templates by their names. Raises ``TierwiseError`` for two of one name."""
    found: dict[str, StepTemplate] = {}
    for template in templates:
        if template.name in found:
            raise TierwiseError(f"two templates are called '{template.name}'; give each its own name")
        found[template.name] = template
    return found
