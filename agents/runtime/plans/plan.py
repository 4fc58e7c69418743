"""Plans: steps with dependencies, checked before anything runs."""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tierwise.agents.attempts.verifiers import schema_check
from tierwise.agents.runtime.plans.compact import SHORT_FIELDS, Entry, PlanFrame, expand
from tierwise.agents.runtime.plans.plan_error import PlanError
from tierwise.agents.upstreams import unfenced
from tierwise.data.errors import TierwiseError

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,63}")
_REFERENCE = re.compile(r"([^.]+)((?:\.[^.]+)*)")
_FIELDS = frozenset(
    {
        "id",
        "instruction",
        "task_type",
        "input_complexity",
        "requires_judgment",
        "human_visible",
        "depends_on",
        "inputs",
        "response_schema",
        "tools",
    }
)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One step of a plan. ``inputs`` names values of earlier JSON answers that it needs, as ``{"total": "s1.sum"}``;
    the steps that it takes them from count as dependencies. ``tools`` names all that it may call."""

    step_id: str
    instruction: str
    task_type: str | None = None
    input_complexity: float | None = None
    requires_judgment: bool = False
    human_visible: bool = False
    depends_on: tuple[str, ...] = ()
    inputs: Mapping[str, str] | None = None
    response_schema: Mapping[str, Any] | None = None
    tools: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in an order in which they may run: dependencies first."""

    steps: tuple[PlanStep, ...]

    @property
    def by_id(self) -> dict[str, PlanStep]:
        return {step.step_id: step for step in self.steps}

    @property
    def last_steps(self) -> tuple[str, ...]:
        """The steps that no other step depends on."""
        needed = {name for step in self.steps for name in step.depends_on}
        return tuple(step.step_id for step in self.steps if step.step_id not in needed)

    def branch_of(self, failed: Collection[str]) -> frozenset[str]:
        """The failed steps with every step that depends on them, however far."""
        branch = set(failed)
        for step in self.steps:
            if branch.intersection(step.depends_on):
                branch.add(step.step_id)
        return frozenset(branch)

    def with_branch(self, failed: Collection[str], replacement: Sequence[PlanStep], max_steps: int) -> "Plan":
        """The plan with the branch of ``failed`` replaced. Raises ``PlanError`` as ``make_plan`` does."""
        branch = self.branch_of(failed)
        kept = [step for step in self.steps if step.step_id not in branch]
        return make_plan([*kept, *replacement], max_steps)


def parse_steps(text: str, frame: PlanFrame | None = None) -> list[PlanStep]:
    """The steps in a planner's answer: JSON as ``{"steps": [...]}``, short or long, alone or inside prose.

    Raises ``PlanError`` naming the step, the field and the fix.
    """
    return [read_step(entry) for entry in expand(decode_plan(text), frame or PlanFrame())]


def decode_plan(text: str) -> Mapping[str, Any]:
    """The plan as the planner wrote it. Raises ``PlanError`` where there is none."""
    raw = _decoded(text)
    plan = raw if isinstance(raw, Mapping) else {"steps": raw}
    if not isinstance(plan.get("steps"), list) or not (plan["steps"] or plan.get("drop")):
        raise PlanError('the answer holds no plan; reply with only JSON, {"steps": [{"id": ..., "do": ...}]}')
    return plan


def make_plan(steps: Sequence[PlanStep], max_steps: int) -> Plan:
    """The plan of ``steps``. Raises ``PlanError`` for too many, a name that stands twice, a dependency that is not
    there, a circle."""
    if len(steps) > max_steps:
        raise PlanError(f"the plan has {len(steps)} steps; at most {max_steps} are allowed, so plan larger ones")
    by_id: dict[str, PlanStep] = {}
    for step in steps:
        if step.step_id in by_id:
            raise PlanError(f"two steps are called '{step.step_id}'; give each its own id")
        by_id[step.step_id] = step
    for step in steps:
        missing = sorted(set(step.depends_on) - by_id.keys())
        if missing:
            raise PlanError(f"step '{step.step_id}' depends on '{missing[0]}', which is not in the plan")
    try:
        order = list(TopologicalSorter({step.step_id: step.depends_on for step in steps}).static_order())
    except CycleError as error:
        raise PlanError(f"the steps wait for each other in a circle: {' -> '.join(error.args[1])}") from None
    return Plan(tuple(by_id[step_id] for step_id in order))


def check_tools(steps: Sequence[PlanStep], known: Collection[str]) -> None:
    """Raises ``PlanError`` for a step that asks for a tool that is not there."""
    for step in steps:
        missing = [name for name in step.tools if name not in known]
        if missing:
            there = f"there are {', '.join(sorted(known))}" if known else "there are no tools"
            raise PlanError(f"step '{step.step_id}' asks for the tool '{missing[0][:80]}'; {there}")


def resolve_inputs(step: PlanStep, outputs: Mapping[str, str]) -> dict[str, Any]:
    """The values that ``step.inputs`` names in the answers of earlier steps. Raises ``PlanError`` for one that is not
    there: what was handed over is not what was needed."""
    values: dict[str, Any] = {}
    for name, reference in (step.inputs or {}).items():
        source, *path = reference.split(".")
        try:
            value = json.loads(unfenced(outputs[source])) if path else outputs[source]
        except ValueError:
            raise PlanError(f"step '{step.step_id}' needs '{reference}', but '{source}' answered no JSON") from None
        for key in path:
            if not isinstance(value, Mapping) or key not in value:
                raise PlanError(
                    f"step '{step.step_id}' needs '{reference}', but the answer of '{source}' has no '{key}'"
                )
            value = value[key]
        values[name] = value
    return values


def _decoded(text: str) -> Any:
    """JSON, or the longest stretch from brace to brace that is: planners like to explain themselves."""
    bare = unfenced(text)
    for candidate in (bare, bare[bare.find("{") : bare.rfind("}") + 1]):
        try:
            return json.loads(candidate)
        except (ValueError, RecursionError):
            continue
    return None


def read_step(entry: Entry) -> PlanStep:
    """The step of an entry in the long form. Raises ``PlanError`` naming the field and the fix."""
    raw, where = entry.fields, entry.where
    unknown = sorted(map(str, raw.keys() - _FIELDS))
    if unknown:
        known = ", ".join(sorted(_FIELDS | SHORT_FIELDS))
        raise PlanError(f"{where}.{unknown[0][:80]} is not known; known are {known}")
    step_id = str(raw.get("id", ""))
    if not _ID.fullmatch(step_id):
        raise PlanError(f"{where}.id is '{step_id[:80]}'; letters, digits, '-' and '_' are needed")
    instruction = raw.get("instruction")
    if not isinstance(instruction, str) or not instruction.strip():
        raise PlanError(f"{where}.instruction is {instruction!r}; say what the step has to do")
    inputs = _inputs(raw.get("inputs"), where)
    depends_on = [*_texts(raw.get("depends_on"), f"{where}.depends_on")]
    depends_on += [source for source in (name.split(".")[0] for name in inputs.values()) if source not in depends_on]
    return PlanStep(
        step_id=step_id,
        instruction=instruction,
        task_type=_text(raw.get("task_type"), f"{where}.task_type"),
        input_complexity=_complexity(raw.get("input_complexity"), f"{where}.input_complexity"),
        requires_judgment=_flag(raw.get("requires_judgment"), f"{where}.requires_judgment"),
        human_visible=_flag(raw.get("human_visible"), f"{where}.human_visible"),
        depends_on=tuple(dict.fromkeys(depends_on)),
        inputs=inputs or None,
        response_schema=_schema(raw.get("response_schema"), f"{where}.response_schema"),
        tools=tuple(dict.fromkeys(_texts(raw.get("tools"), f"{where}.tools", "tool names"))),
    )


def _inputs(raw: object, where: str) -> dict[str, str]:
    if raw is None:
        return {}
    is_right = isinstance(raw, Mapping) and all(isinstance(v, str) and _REFERENCE.fullmatch(v) for v in raw.values())
    if not isinstance(raw, Mapping) or not is_right:
        raise PlanError(f'{where}.inputs is {raw!r}; names with references are needed, such as {{"total": "s1.sum"}}')
    return {str(name): reference for name, reference in raw.items()}


def _text(raw: object, where: str) -> str | None:
    if raw is not None and not isinstance(raw, str):
        raise PlanError(f"{where} is {raw!r}; a text is needed")
    return raw


def _texts(raw: object, where: str, wanted: str = "step ids") -> list[str]:
    if raw is None:
        return []
    if not isinstance(raw, list) or not all(isinstance(item, str | int) for item in raw):
        raise PlanError(f"{where} is {raw!r}; a list of {wanted} is needed")
    return [str(item) for item in raw]


def _flag(raw: object, where: str) -> bool:
    if raw is not None and not isinstance(raw, bool):
        raise PlanError(f"{where} is {raw!r}; true or false is needed")
    return bool(raw)


def _complexity(raw: object, where: str) -> float | None:
    if raw is None:
        return None
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not 1 <= raw <= 10:
        raise PlanError(f"{where} is {raw!r}; a number from 1 to 10 is needed")
    return float(raw)


def _schema(raw: object, where: str) -> Mapping[str, Any] | None:
    if raw is None:
        return None
    if not isinstance(raw, Mapping):
        raise PlanError(f"{where} is {raw!r}; a JSON schema is needed, or null")
    try:
        schema_check(raw)
    except TierwiseError as error:
        raise PlanError(f"{where}: {error}") from None
    return raw
