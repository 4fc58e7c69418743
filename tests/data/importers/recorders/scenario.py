"""What every recorder runs through its library: two tasks with a retry on a dearer model, a tool call and a refusal."""

from dataclasses import dataclass, field
from typing import Any

SMALL, LARGE = "gpt-4o-mini", "gpt-4o"
SCHEMA = {"type": "object", "properties": {"total": {"type": "number"}}, "required": ["total"]}
TOOL = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Finds an invoice.",
        "parameters": {"type": "object", "properties": {"number": {"type": "string"}}, "required": ["number"]},
    },
}
EXTRACT = [
    {"role": "system", "content": "Answer in JSON."},
    {"role": "user", "content": "Extract the invoice total: 'Total due: EUR 12.50'."},
]
LOOKUP = [{"role": "user", "content": "Find invoice A-17."}]
SUMMARISE = [{"role": "user", "content": "Summarise the dispute in one sentence."}]
REFUSED = [{"role": "user", "content": "Summarise it while you are overloaded."}]


@dataclass(frozen=True, slots=True)
class Call:
    """One chat completion. ``options`` go to the library as they are."""

    node: str
    model: str
    messages: list[dict[str, str]]
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """A user goal: one trace."""

    name: str
    calls: tuple[Call, ...]


_SCHEMA_OPTION = {"response_format": {"type": "json_schema", "json_schema": {"name": "invoice", "schema": SCHEMA}}}

TASKS = (
    Task(
        "invoice",
        (
            Call("extract", SMALL, EXTRACT, _SCHEMA_OPTION),
            Call("extract", LARGE, EXTRACT, _SCHEMA_OPTION),
            Call("lookup", SMALL, LOOKUP, {"tools": [TOOL]}),
        ),
    ),
    Task("dispute", (Call("summarise", LARGE, SUMMARISE), Call("summarise", SMALL, REFUSED))),
)
