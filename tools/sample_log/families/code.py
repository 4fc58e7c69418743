"""Write a Python function; it is judged by what it returns on test cases."""

from __future__ import annotations

from random import Random

from tools.sample_log.families.template import Case, Example, Template
from tools.sample_log.families.texts.code_tasks import TASKS, Task

NAMES = ("", "my_", "get_", "do_", "calc_", "the_")


def templates() -> list[Template]:
    """One template per function; cases differ in the constant k (where there is one) and in the function's
    name.
    """
    return [_template(level, task) for level, tasks in TASKS.items() for task in tasks]


def _template(level: int, task: Task) -> Template:
    def make(rng: Random) -> Case:
        name, k = rng.choice(NAMES) + task.name, rng.randint(2, 9)
        source = task.source.replace("NAME", name).replace("KONST", str(k))
        verify = {"kind": "python_tests", "function": name, "cases": _cases(source, name, task)}
        about = task.about.replace("KONST", str(k))
        return Case(f"{name}({task.parameters}): {about}", source, verify)

    instruction = "Write the Python function. Reply with only the code."
    example = Example("add(a, b): returns the sum of a and b", "def add(a, b):\n    return a + b")
    return Template("code_func", "code", level, task.name, instruction, (example,), make, max_tokens=50 + 50 * level)


def _cases(source: str, name: str, task: Task) -> list[list[object]]:
    """Expected values come from running the reference solution, which is ours and trusted."""
    scope: dict[str, object] = {}
    exec(compile(source, name, "exec"), scope)
    function = scope[name]
    assert callable(function)
    return [[list(arguments), function(*_copied(arguments))] for arguments in task.arguments]


def _copied(arguments: tuple[object, ...]) -> list[object]:
    return [_copy(argument) for argument in arguments]


def _copy(value: object) -> object:
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return {key: _copy(item) for key, item in value.items()} if isinstance(value, dict) else value
