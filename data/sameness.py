"""Whether two answers to one step mean the same."""

import json

from tierwise.data.records import Attempt, Step


def is_same_answer(step: Step, ours: Attempt, theirs: Attempt) -> bool | None:
    """None where that cannot be told, as for long prose."""
    del step
    keys = [_key(attempt) for attempt in (ours, theirs)]
    return None if None in keys else keys[0] == keys[1]


def _key(attempt: Attempt) -> str | None:
    if attempt.extra.get("answer_key"):
        return str(attempt.extra["answer_key"])
    if attempt.extra.get("tool_calls"):
        return json.dumps(attempt.extra["tool_calls"], sort_keys=True)
    output = attempt.extra.get("output")
    return None if not output or len(output) > 160 else " ".join(str(output).casefold().split())
