"""Writes the lists of fields that stand on paper: the client's keywords for type checkers, and the docs' tables.

    python docs/field_lists.py           writes them anew (a part of `make docs`)
    python docs/field_lists.py --check   fails and names what is out of date
"""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from tierwise.data.declared import Declared, declared
from tierwise.data.records import Attempt, Decision, EarlierStep, LoggedDecision, Logprobs, Message, Step, Tool, ToolCall
from tierwise.router_model.options import DecideOptions

ROOT = Path(__file__).parents[1]
KEYWORDS = "agents/client/keywords.py"
STEP_LOG, API = "docs/guides/step-log.md", "docs/api.md"

_OBJECTS = "Sequence[Mapping[str, Any]]"
_TYPES: Mapping[Any, str] = {kind: kind.__name__ for kind in (str, float, int, bool)} | {
    Mapping[str, Any]: "Mapping[str, Any]",
    tuple[Message, ...]: _OBJECTS,
    tuple[Tool, ...]: _OBJECTS,
    tuple[ToolCall, ...]: _OBJECTS,
    tuple[EarlierStep, ...]: _OBJECTS,
    Logprobs: "Mapping[str, Any] | Sequence[float]",
    Mapping[str, int]: "Mapping[str, int]",
}
_MODULE = '''"""The keywords of steps, options and attempts, for type checkers. ``make docs`` writes this file."""

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict
'''


def written() -> dict[str, str]:
    """What each file should hold, by its path."""
    step_log = (ROOT / STEP_LOG).read_text(encoding="utf-8")
    for name, kind, start in (
        ("step", Step, "step."), ("attempt", Attempt, "attempts[]."), ("decision", LoggedDecision, "decision.")
    ):
        step_log = _with_table(step_log, name, [(f"{start}{field.name}", field) for field in declared(kind)])
    told = [(field.wire, field) for field in declared(Decision) if field.spec.is_public]
    api = _with_table((ROOT / API).read_text(encoding="utf-8"), "decision", told)
    asked = [(f"{_section(field)}.{field.name}", field) for field in declared(DecideOptions)]
    api = _with_table(api, "options", asked)
    return {KEYWORDS: _keywords(), STEP_LOG: step_log, API: api}


def _section(field: Declared) -> str:
    return "session" if field.spec.is_session else "options"


def _keywords() -> str:
    kinds = {"StepFields": Step, "OptionFields": DecideOptions, "AttemptFields": Attempt}
    classes = [_typed(name, kind) for name, kind in kinds.items()]
    return "\n\n".join([_MODULE, *classes])


def _typed(name: str, kind: type) -> str:
    lines = [f"    {field.name}: {_TYPES[field.kind]}{' | None' * field.is_optional}" for field in declared(kind)]
    if any(field.name == "extra" for field in fields(kind)):
        lines.append("    extra: Mapping[str, Any]")
    return "\n".join([f"class {name}(TypedDict, total=False):", *lines, ""])


def _with_table(page: str, name: str, rows: Sequence[tuple[str, Declared]]) -> str:
    """The page with the rows between its two marks: `<!-- fields: NAME -->` and `<!-- end -->` around a table."""
    table = "\n".join(["| field | meaning |", "|---|---|", *(f"| `{name}` | {_meaning(field)} |" for name, field in rows)])
    marked = re.compile(rf"(<!-- fields: {name} -->\n\n).*?(\n\n<!-- end -->)", re.DOTALL)
    page, n_replaced = marked.subn(lambda found: f"{found[1]}{table}{found[2]}", page)
    if n_replaced != 1:
        raise SystemExit(f"the page has {n_replaced} places for the fields of '{name}'; one is needed")
    return page


def _meaning(field: Declared) -> str:
    asked = field.spec.asked_by
    return f'only with `"{asked}": true`: {field.spec.meaning}' if asked else field.spec.meaning


def main() -> None:
    stale = [path for path, text in written().items() if _text(ROOT / path) != text]
    if "--check" in sys.argv[1:]:
        sys.exit(f"out of date: {', '.join(stale)}; run make docs" if stale else 0)
    for path, text in written().items():
        (ROOT / path).write_text(text, encoding="utf-8")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


if __name__ == "__main__":
    main()
