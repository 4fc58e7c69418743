"""Logged answers stay with their attempts: what a cheaper tier says to the same step can be compared with them."""

from dataclasses import replace
from typing import Any

from tierwise.data.importers.records import Answer, ToolCall
from tierwise.data.records import Attempt


def with_answer(attempt: Attempt, answer: Answer | None) -> Attempt:
    """The attempt with ``output`` and ``tool_calls``; as it is where the log holds no answer."""
    if answer is None:
        return attempt
    kept: dict[str, Any] = {}
    if answer.text:
        kept["output"] = answer.text
    if answer.tool_calls:
        kept["tool_calls"] = [_call(call) for call in answer.tool_calls]
    if answer.finish_reason:
        kept["finish_reason"] = answer.finish_reason
    return replace(attempt, extra={**attempt.extra, **kept}) if kept else attempt


def _call(call: ToolCall) -> dict[str, Any]:
    return {"name": call.name, "arguments": {} if call.arguments is None else call.arguments}
