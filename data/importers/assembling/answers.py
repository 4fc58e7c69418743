"""Logged answers stay with their attempts: what a cheaper tier says to the same step can be compared with them."""

import json
from collections.abc import Mapping
from dataclasses import replace

from tierwise.data import records
from tierwise.data.importers.reading.records import Answer, ToolCall
from tierwise.data.records import Attempt


def with_answer(attempt: Attempt, answer: Answer | None) -> Attempt:
    """The attempt with ``output``, ``tool_calls`` and ``finish_reason``; as it is where the log holds no answer."""
    if answer is None:
        return attempt
    calls = tuple(_call(call) for call in answer.tool_calls)
    return replace(
        attempt, output=answer.text or None, tool_calls=calls or None, finish_reason=answer.finish_reason or None
    )


def _call(call: ToolCall) -> records.ToolCall:
    given = {} if call.arguments is None else call.arguments
    return records.ToolCall(call.name, given if isinstance(given, Mapping | str) else json.dumps(given, default=str))
