"""What the stub says, whatever the protocol: parts of an answer, planned from a request."""

import json
import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Part:
    """``kind`` is text, thinking, refusal or call."""

    kind: str
    text: str
    name: str = ""
    call_id: str = ""


@dataclass(frozen=True)
class Asked:
    """A request, reduced to what plans look at. ``last_is_result`` tells that a tool has answered."""

    model: str
    text: str
    tools: dict[str, dict[str, Any]]
    schema: dict[str, Any] | None
    last_is_result: bool
    n_calls: int


def plan(asked: Asked) -> list[Part]:
    """Scripted edits where the tools are those of a coding agent; else the first tool, the schema, or the question."""
    found: list[Part] = []
    if "thinks" in asked.model:
        found.append(Part("thinking", "Let me see."))
    if "refuses" in asked.model:
        return [*found, Part("refusal", "I will not do that.")]
    edit = _edit(asked)
    if edit is not None:
        return [*found, edit]
    if asked.tools and not asked.last_is_result:
        n_each = 2 if "both" in asked.text else 1
        name = next((name for name in asked.tools if name in asked.text), next(iter(asked.tools)))
        arguments = json.dumps({"wrong": None} if "nonsense" in asked.model else example_of(asked.tools[name]))
        return found + [Part("call", arguments, name, f"call_{name}_{asked.n_calls + n}") for n in range(n_each)]
    if asked.schema is not None and "nonsense" not in asked.model:
        return [*found, Part("text", json.dumps(example_of(asked.schema)))]
    said = f"You said: {asked.text}"
    return [*found, Part("text", said[: len(said) // 2] if is_truncated({"model": asked.model}) else said)]


def is_truncated(body: dict[str, Any]) -> bool:
    """Whether the model of a request stops in the middle, as at its limit of tokens."""
    return "truncates" in body["model"]


def _edit(asked: Asked) -> Part | None:
    """``EDIT path TEXT`` in a prompt is written by whatever tool a coding agent brings; aider reads listings."""
    wanted = re.search(r"EDIT (\S+) (\w+)", asked.text)
    if wanted is None or asked.last_is_result:
        return None
    path, text = wanted.groups()
    if "file listing" in asked.text and not asked.tools:
        return Part("text", f"{path}\n```\n{text}\n```\n")
    command = f"printf '%s' '{text}' > '{path}'"
    known = {
        "exec_command": {"cmd": command},
        "shell": {"command": ["sh", "-c", command]},
        "Write": {"file_path": path, "content": text},
        "write": {"filePath": path, "content": text},
    }
    name = next((name for name in known if name in asked.tools), None)
    return None if name is None else Part("call", json.dumps(known[name]), name, f"call_edit_{asked.n_calls}")


def example_of(schema: dict[str, Any]) -> Any:
    """A value that the schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example_of(each) for name, each in (schema.get("properties") or {}).items()}
    if kind == "array":
        return [example_of(schema.get("items") or {"type": "string"})]
    return {"integer": 7, "number": 7.5, "boolean": True, "null": None}.get(kind, "Berlin")


def pieces(text: str) -> list[str]:
    return re.findall(r".{1,8}", text, re.DOTALL)


def usage(body: dict[str, Any], parts: list[Part]) -> tuple[int, int]:
    """Tokens in and out: a fixed share of the length, so that tests can tell."""
    return len(json.dumps(body)) // 4, sum(len(part.text.split()) for part in parts) or 1
