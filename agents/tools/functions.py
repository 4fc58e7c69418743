"""Python functions as tools: the schema comes from the signature, the description from the docstring."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import ArgsKwargs

from tierwise.agents.tools.thread import in_thread
from tierwise.agents.tools.tool import AgentTool, Effect
from tierwise.data.errors import TierwiseError

KEY = "idempotency_key"
"""A function with a parameter of this name gets the call's key in it; models do not see it."""


def function_tool(
    function: Callable[..., Any],
    effect: Effect | str,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_seconds: float = 60.0,
    max_result_chars: int = 4_000,
) -> AgentTool:
    """``function``, ``async`` or not, as a tool. Arguments are checked against its annotations before it is called;
    one that is not ``async`` runs on a thread of its own, which nobody can stop once it hangs.

    Raises ``TierwiseError`` for a function whose arguments have no JSON form or no names.

    >>> def add(a: int, b: int = 1) -> int:
    ...     "Adds two numbers."
    ...     return a + b
    >>> function_tool(add, "reads").parameters["required"]
    ['a']
    """
    known_name = name or str(getattr(function, "__name__", type(function).__name__))
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TierwiseError(f"the tool '{known_name}' yields its result piece by piece; return it as a whole")
    adapter, schema = _adapted(function, known_name)
    takes_key = KEY in schema.get("properties", {})
    is_async = inspect.iscoroutinefunction(function)

    async def call(arguments: Mapping[str, Any], key: str) -> object:
        given = ArgsKwargs((), {**arguments, KEY: key} if takes_key else dict(arguments))
        if is_async:
            return await adapter.validate_python(given)
        returned = await in_thread(lambda: adapter.validate_python(given))
        return await returned if inspect.isawaitable(returned) else returned

    return AgentTool(
        name=known_name,
        description=inspect.getdoc(function) or "" if description is None else description,
        parameters=_without_key(schema),
        effect=Effect.of(effect),
        call=call,
        takes_key=takes_key,
        timeout_seconds=timeout_seconds,
        max_result_chars=max_result_chars,
    )


def reads(function: Callable[..., Any]) -> AgentTool:
    """``@reads`` above a function makes it a tool that changes nothing."""
    return function_tool(function, Effect.READS)


def writes(function: Callable[..., Any]) -> AgentTool:
    """``@writes`` above a function makes it a tool that is called alone, and once."""
    return function_tool(function, Effect.WRITES)


def irreversible(function: Callable[..., Any]) -> AgentTool:
    """``@irreversible`` above a function makes it a tool that waits for somebody's approval."""
    return function_tool(function, Effect.IRREVERSIBLE)


def _adapted(function: Any, name: str) -> tuple[TypeAdapter[Any], dict[str, Any]]:
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(function)
        schema = adapter.json_schema()
    except (PydanticUserError, NameError) as error:
        told = str(error).splitlines()[0]
        raise TierwiseError(f"the tool '{name}' has arguments without a JSON form: {told}") from None
    if schema.get("type") != "object":
        raise TierwiseError(f"the tool '{name}' has arguments without names; models give arguments by name")
    return adapter, schema


def _without_key(schema: Mapping[str, Any]) -> dict[str, Any]:
    properties = {key: value for key, value in schema.get("properties", {}).items() if key != KEY}
    required = [key for key in schema.get("required", []) if key != KEY]
    return {**schema, "properties": properties, "required": required}
