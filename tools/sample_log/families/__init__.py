"""Families of agent steps, each with a generator, a reference answer and a declarative verifier.

A family (say `regex`) has templates at three difficulties; a template fills itself from a random generator.
"""

from __future__ import annotations

from random import Random

from tools.sample_log.families import (
    classify,
    clock,
    code,
    dates,
    logs,
    numbers,
    patterns,
    queries,
    reasoning,
    routing,
    strings,
    tool_call,
)
from tools.sample_log.families.forms import extract, notes, records, validate
from tools.sample_log.families.template import Case, Draft, Example, Template, draft

MODULES = (
    extract,
    logs,
    dates,
    clock,
    classify,
    routing,
    tool_call,
    records,
    notes,
    validate,
    numbers,
    reasoning,
    strings,
    queries,
    code,
    patterns,
)


def all_templates() -> list[Template]:
    """Every template of every family, in a fixed order."""
    return [template for module in MODULES for template in module.templates()]


def drafts(seed: int, n_per_level: int) -> list[Draft]:
    """Up to `n_per_level` distinct drafts per family and difficulty, shared out evenly among its templates.

    Distinct means a different prompt. The same seed gives the same drafts, and a larger `n_per_level` only
    adds to them.
    """
    levels: dict[tuple[str, int], list[Template]] = {}
    for template in all_templates():
        levels.setdefault((template.family, template.difficulty), []).append(template)
    found: list[Draft] = []
    for templates in levels.values():
        found += _drafts_of_level(templates, seed, n_per_level)
    return found


def _drafts_of_level(templates: list[Template], seed: int, wanted: int) -> list[Draft]:
    seen: dict[str, Draft] = {}
    for turn in range(wanted * 4):
        for template in templates:
            if len(seen) == wanted:
                return list(seen.values())
            one = draft(template, Random(f"{seed}/{template.template_id}/{turn}"))
            seen.setdefault(one.text, one)
    return list(seen.values())


__all__ = ["Case", "Draft", "Example", "Template", "all_templates", "draft", "drafts"]
