"""Functions become tools: schema and description come from them, and arguments are checked before they run."""

import asyncio
import functools
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field

from tierwise.agents.tools import AgentTool, Effect, function_tool
from tierwise.data.errors import TierwiseError


class Line(BaseModel):
    text: str
    number: int


def search(query: str, limit: Annotated[int, Field(ge=1)] = 5, order: Literal["new", "old"] = "new") -> list[str]:
    """Searches the tickets.

    Args: query: the words to look for.
    """
    return [f"{query} {limit} {order}"]


def called(tool: AgentTool, **arguments: Any) -> object:
    async def work() -> object:
        return await tool.call(arguments, "key-1")

    return asyncio.run(work())


def test_the_schema_is_that_of_the_signature() -> None:
    tool = function_tool(search, "reads")
    assert (tool.name, tool.effect, tool.takes_key) == ("search", Effect.READS, False)
    assert tool.description.startswith("Searches the tickets.\n\nArgs: query")
    assert tool.parameters["required"] == ["query"]
    assert tool.parameters["additionalProperties"] is False
    assert tool.parameters["properties"]["limit"]["minimum"] == 1
    assert tool.parameters["properties"]["order"]["enum"] == ["new", "old"]
    assert called(tool, query="a", limit=2) == ["a 2 new"]
    assert function_tool(search, "reads", name="find", description="x").to_record().name == "find"


def test_models_and_their_parts_are_arguments() -> None:
    def write(line: Line) -> int:
        return line.number + 1

    assert called(function_tool(write, "writes"), line={"text": "a", "number": 2}) == 3


def test_async_functions_methods_and_partials_are_tools() -> None:
    class Shop:
        async def stock(self, item: str) -> str:
            return f"{item}: 3"

    def later(item: str) -> Any:
        return Shop().stock(item)

    assert called(function_tool(Shop().stock, "reads"), item="pen") == "pen: 3"
    assert called(function_tool(later, "reads"), item="pen") == "pen: 3"
    assert called(function_tool(functools.partial(search, limit=9), "reads", name="nine"), query="a") == ["a 9 new"]


def test_the_key_is_given_and_never_shown() -> None:
    def pay(amount: int, idempotency_key: str) -> str:
        return f"{amount} under {idempotency_key}"

    tool = function_tool(pay, "irreversible")
    assert tool.takes_key
    assert "idempotency_key" not in str(tool.parameters)
    assert called(tool, amount=5) == "5 under key-1"


def positional(a: int, /) -> int:
    return a


class Unknown:
    pass


def without_json(a: Unknown) -> Unknown:
    return a


def pieces() -> Iterator[int]:
    yield 1


async def later_pieces() -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "effect", "message"),
    [
        (search, "read", "the effect 'read' is not known; known are reads, writes, irreversible"),
        (positional, "reads", "'positional' has arguments without names"),
        (without_json, "reads", "'without_json' has arguments without a JSON form"),
        (pieces, "reads", "'pieces' yields its result piece by piece"),
        (later_pieces, "reads", "'later_pieces' yields its result piece by piece"),
        (lambda: 1, "reads", "the tool name '<lambda>' needs 1 to 64 letters"),
    ],
)
def test_what_cannot_be_a_tool_is_refused(function: Any, effect: str, message: str) -> None:
    with pytest.raises(TierwiseError, match=message):
        function_tool(function, effect)


def nested(depth: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": nested(depth - 1)}} if depth else {}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (nested(200), "nested more than"),
        ({"enum": list(range(5_000))}, "holds more than 2000 values"),
        ({"description": "x" * 60_000}, "more than 50000 characters"),
        ({"type": "objekt"}, "the JSON schema is wrong"),
    ],
    ids=["deep", "wide", "long", "wrong"],
)
def test_schemas_that_are_bombs_are_refused_at_once(schema: dict[str, Any], message: str) -> None:
    async def call(*_: object) -> None: ...

    with pytest.raises(TierwiseError, match=f"the schema of the tool 'bomb' cannot be used: .*{message}"):
        AgentTool("bomb", "", schema, Effect.READS, call)


def test_limits_that_let_nothing_through_are_refused() -> None:
    with pytest.raises(TierwiseError, match="timeout_seconds of 'search' is 0; a number above 0"):
        function_tool(search, "reads", timeout_seconds=0)
    with pytest.raises(TierwiseError, match="max_result_chars of 'search' is -1"):
        function_tool(search, "reads", max_result_chars=-1)
