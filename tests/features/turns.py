"""Hand-built conversations of an agent that has a shell."""

import json

from tierwise.data.records import Message

ASKED = Message("user", "Fix it.")


def act(command: str, result: str | None = "<returncode>0</returncode>") -> list[Message]:
    """A call of the shell, and what came back; None: nothing yet."""
    function = {"name": "bash", "arguments": json.dumps({"command": command})}
    asked = Message("assistant", "", {"tool_calls": [{"function": function}]})
    return [asked] if result is None else [asked, Message("tool", result)]


def conversation(*turns: list[Message]) -> tuple[Message, ...]:
    """The user's question and the turns after it."""
    return (ASKED, *(message for turn in turns for message in turn))
