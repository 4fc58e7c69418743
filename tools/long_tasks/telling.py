"""How a conversation with tools becomes one short prompt, for models that know no tool calls of their own."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tools.long_tasks.calls import Call, Signature
from tools.long_tasks.task import LongTask
from tools.long_tasks.world import SIGNATURES, World

SYSTEM = "Work on the task step by step. Answer with one call of a tool."
NO_CALL = "no call of a tool"
"""What was wrong with an answer that is none: nothing is done then, and the step is asked again as it stood."""


def first_messages(goal: str) -> list[dict[str, Any]]:
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": goal}]


def opened(task: LongTask, world: World) -> list[dict[str, Any]]:
    """The conversation at its start. The agent's program makes the first call by itself: it is the same for every task
    of a kind, and shows the models what a call looks like."""
    first = task.reference_call(world)
    return first_messages(task.goal) + turn_messages(first, task.act(world, first), 0)


def turn_messages(call: Call, result: str, n_turn: int) -> list[dict[str, Any]]:
    """What a turn adds: the call and its result."""
    name = f"c{n_turn}"
    arguments = json.dumps(call.named(SIGNATURES), ensure_ascii=False)
    shown = {"id": name, "type": "function", "function": {"name": call.tool, "arguments": arguments}}
    return [
        {"role": "assistant", "content": "", "tool_calls": [shown]},
        {"role": "tool", "content": result, "tool_call_id": name},
    ]


def prompt_of(messages: Sequence[Mapping[str, Any]], signatures: Sequence[Signature]) -> str:
    """The conversation as text, ending with what was said last; the model goes on behind `Answer:`. Each turn adds to
    the end, so that a runtime that keeps the beginning reads only what is new."""
    lines = []
    for message in messages:
        content = str(message.get("content") or "")
        if message["role"] == "system":
            tools = [f"- {signature.written()}" for signature in signatures]
            lines += [content, "Tools:", *tools]
        elif message["role"] == "assistant":
            lines += [f"Answer: {said}" for said in [content, *map(_written, message.get("tool_calls") or ())] if said]
        else:
            first = "Task" if message is messages[1] else "Result"
            lines.append(f"{first}: {content}")
    return "\n".join(lines)


def _written(shown: Mapping[str, Any]) -> str:
    function = shown["function"]
    arguments = json.loads(function["arguments"])
    return Call(function["name"], tuple(map(str, arguments.values()))).written()
