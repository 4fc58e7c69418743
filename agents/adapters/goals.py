"""The runtime inside of other agents: a node of a graph, and what a tool needs of it. Needs no framework."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tierwise.agents.runtime import RunResult, Runtime
from tierwise.data.errors import TierwiseError

GoalNode = Callable[[Mapping[str, Any]], Awaitable[dict[str, Any]]]


def goal_node(runtime: Runtime, **options: Any) -> GoalNode:
    """An ``async`` node for LangGraph: ``graph.add_node("work", goal_node(runtime, budget_usd=0.50))``.

    It carries out ``state["goal"]``, or what the last of ``state["messages"]`` says, and gives ``answer``, ``task``
    (name, success and who judged it, calls, dollars) and ``failure`` (None, or the reason), with the answer as a
    message where the state has messages. Keys that a graph's state does not declare are left out by LangGraph.
    ``options`` are those of ``Runtime.run``. Raises ``TierwiseError`` for a state without a goal.
    """

    async def node(state: Mapping[str, Any]) -> dict[str, Any]:
        result = await runtime.run(_goal_in(state), **options)
        found: dict[str, Any] = {"answer": result.answer, "failure": _why(result), "task": summary(result)}
        if "messages" in state:
            found["messages"] = [{"role": "assistant", "content": result.answer or f"No answer: {_why(result)}"}]
        return found

    return node


async def reached(runtime: Runtime, arguments: str, **options: Any) -> str:
    """Carries out the goal in the arguments of a tool call, and says what the model should read: never raises."""
    try:
        goal = json.loads(arguments).get("goal")
    except (ValueError, AttributeError):
        goal = None
    if not isinstance(goal, str) or not goal.strip():
        return 'The arguments are wrong; {"goal": "what is to be reached"} is needed.'
    try:
        result = await runtime.run(goal, **options)
    except TierwiseError as error:
        return f"The goal was not begun: {error}"
    return result.answer if result.answer is not None else f"The goal was not reached: {_why(result)}"


def summary(result: RunResult) -> dict[str, Any]:
    """What a state or a log keeps of a task."""
    return {
        "task_id": result.task_id,
        "success": result.success,
        "evaluator": result.evaluator,
        "n_calls": result.n_calls,
        "cost_usd": result.cost_usd,
    }


def _goal_in(state: Mapping[str, Any]) -> str:
    goal = state.get("goal")
    if goal is None and state.get("messages"):
        last = state["messages"][-1]
        goal = last.get("content") if isinstance(last, Mapping) else getattr(last, "content", None)
    if not isinstance(goal, str) or not goal.strip():
        raise TierwiseError("the state holds no goal; put it into state['goal'], or into the last message as text")
    return goal


def _why(result: RunResult) -> str | None:
    return None if result.failure is None else f"{result.failure.code}: {result.failure.text}"
