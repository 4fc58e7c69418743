"""One call of a tool, within its time; whatever it does becomes a result of bounded length."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from tierwise.agents.tools.call import Status, ToolResult
from tierwise.agents.tools.thread import in_thread
from tierwise.agents.tools.tool import AgentTool, ToolError
from tierwise.data.foreign.json_text import whole_text


async def made(tool: AgentTool, arguments: Mapping[str, Any], key: str, timeout_seconds: float) -> ToolResult:
    """What came of the call. One that takes too long is left to itself: it may not listen to being cancelled."""
    calling = asyncio.ensure_future(_text_of_call(tool, arguments, key))
    try:
        await asyncio.wait([calling], timeout=timeout_seconds)
    finally:
        if not calling.done():
            calling.cancel()
            calling.add_done_callback(_ignored)
    if not calling.done() or calling.cancelled():
        return ToolResult(Status.TIMEOUT, _late(tool, timeout_seconds))
    error = calling.exception()
    if error is None:
        return _cut(tool, Status.OK, calling.result())
    return _cut(tool, Status.ERROR, str(error) if isinstance(error, ToolError) else _told(error))


async def _text_of_call(tool: AgentTool, arguments: Mapping[str, Any], key: str) -> str:
    value = await tool.call(arguments, key)
    if isinstance(value, str):
        return value
    if isinstance(value, Iterator | AsyncIterator):
        raise ToolError("The tool gives its result piece by piece, which nobody collects.")
    return await in_thread(lambda: _as_json(value))


def _as_json(value: object) -> str:
    try:
        return to_json(value).decode()
    except (PydanticSerializationError, ValueError, RecursionError):
        raise ToolError(f"The tool returned a {type(value).__name__}, which has no JSON form.") from None


def _cut(tool: AgentTool, status: Status, text: str) -> ToolResult:
    n_cut_chars = max(0, len(text) - tool.max_result_chars)
    return ToolResult(status, whole_text(text[: tool.max_result_chars]), n_cut_chars)


def _told(error: BaseException) -> str:
    try:
        return f"The tool raised {type(error).__name__}: {error}"
    except Exception:  # an error that cannot even be told
        return f"The tool raised {type(error).__name__}."


def _late(tool: AgentTool, timeout_seconds: float) -> str:
    return (
        f"The tool '{tool.name}' did not answer within {timeout_seconds:.3g} seconds; "
        f"nobody knows whether it still takes effect."
    )


def _ignored(calling: "asyncio.Future[str]") -> None:
    """Looks at what comes after all, so that nothing is said about an error that nobody fetched."""
    if not calling.cancelled():
        calling.exception()
