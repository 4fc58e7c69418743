"""Repairs that say only what is different: steps that stand for failed ones, and what becomes of those that wait."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tierwise.agents.runtime.plans.compact import Entry, PlanFrame, expand
from tierwise.agents.runtime.plans.plan import Plan, PlanStep, make_plan, read_step
from tierwise.agents.runtime.plans.plan_error import PlanError


def is_difference(raw: Mapping[str, Any]) -> bool:
    """Whether a decoded repair says what it stands for. Others replace the whole branch, as they always did."""
    steps = raw.get("steps") or []
    return bool(raw.get("drop")) or any(isinstance(step, Mapping) and "for" in step for step in steps)


def repaired(plan: Plan, failed: Collection[str], raw: Mapping[str, Any], frame: PlanFrame, n_repair: int) -> Plan:
    """``plan`` with the difference applied. A step with ``for`` takes from the step that it stands for what it does not
    say itself; whatever waited for that one waits for it instead, and is not said again.

    Raises ``PlanError`` for a failed step that nothing stands for, and as ``make_plan`` does.
    """
    branch, by_id = plan.branch_of(failed), plan.by_id
    dropped = _dropped(raw, branch)
    merged = [_merged(entry, by_id, branch, n_repair) for entry in expand(raw, frame)]
    stands = _names(merged)
    left = sorted(set(failed) - stands.keys() - dropped)
    if left:
        raise PlanError(f'the step \'{left[0]}\' failed and nothing stands for it; give a step with "for": "{left[0]}"')
    kept = [step for step in plan.steps if step.step_id not in stands and step.step_id not in dropped]
    new = [read_step(Entry(entry.where, {k: v for k, v in entry.fields.items() if k != "for"})) for entry in merged]
    again = [step.step_id for step in new if step.step_id in by_id]
    if again:
        raise PlanError(f"the id '{again[0]}' was used before; give new steps new ids")
    return make_plan([_rewired(step, stands) for step in (*kept, *new)], frame.max_steps)


def _dropped(raw: Mapping[str, Any], branch: Collection[str]) -> set[str]:
    given = raw.get("drop") or []
    if not isinstance(given, list):
        raise PlanError(f"drop is {str(given)[:80]!r}; a list of step ids is needed")
    wrong = [str(name) for name in given if name not in branch]
    if wrong:
        raise PlanError(f"drop names '{wrong[0][:80]}', which neither failed nor waits for a step that did")
    return {str(name) for name in given}


def _merged(entry: Entry, by_id: Mapping[str, PlanStep], branch: Collection[str], n_repair: int) -> Entry:
    if "for" not in entry.fields:
        return entry
    old = str(entry.fields["for"])
    if old not in branch:
        there = ", ".join(sorted(branch))
        raise PlanError(f"{entry.where}.for is '{old[:80]}'; there are {there}")
    own = {"id": f"{old}-r{n_repair}", **entry.fields}
    return Entry(entry.where, {**entry_of(by_id[old]), **own})


def entry_of(step: PlanStep) -> dict[str, Any]:
    """The step in the long form, without what is not set."""
    taken = {reference.split(".")[0] for reference in (step.inputs or {}).values()}
    given = {
        "id": step.step_id,
        "instruction": step.instruction,
        "task_type": step.task_type,
        "input_complexity": step.input_complexity,
        "requires_judgment": step.requires_judgment or None,
        "human_visible": step.human_visible or None,
        "depends_on": [name for name in step.depends_on if name not in taken] or None,
        "inputs": dict(step.inputs) if step.inputs else None,
        "response_schema": step.response_schema,
        "tools": list(step.tools) or None,
    }
    return {name: value for name, value in given.items() if value is not None}


def _names(entries: Sequence[Entry]) -> dict[str, str]:
    """Which new step stands for which old one."""
    stands: dict[str, str] = {}
    for entry in entries:
        if "for" in entry.fields:
            old = str(entry.fields["for"])
            if old in stands:
                raise PlanError(f"two steps stand for '{old}'; let one of them wait for the other instead")
            stands[old] = str(entry.fields["id"])
    return stands


def _rewired(step: PlanStep, stands: Mapping[str, str]) -> PlanStep:
    if not any(name in stands for name in step.depends_on):
        return step

    def renamed(reference: str) -> str:
        source, dot, rest = reference.partition(".")
        return f"{stands.get(source, source)}{dot}{rest}"

    inputs = None if step.inputs is None else {name: renamed(reference) for name, reference in step.inputs.items()}
    waits = tuple(dict.fromkeys(stands.get(name, name) for name in step.depends_on))
    return replace(step, depends_on=waits, inputs=inputs)
