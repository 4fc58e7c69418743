"""MCP servers: their tools, over stdio or HTTP, for the runtime."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from tierwise.agents.tools import AgentTool, Effect, ToolError
from tierwise.data.errors import TierwiseError
from tierwise.data.program.extras import needs_extra

with needs_extra("mcp"):
    from mcp import Client, StdioServerParameters

MAX_PAGES = 50


class McpServer:
    """``async with McpServer("python", "-m", "some_server") as server``: a server that this process starts, with what
    ``env`` adds to a short list of harmless variables. ``McpServer.at(url)`` is one that runs somewhere.

    Raises ``TierwiseError`` where no server answers.
    """

    def __init__(self, command: str, *arguments: str, env: Mapping[str, str] | None = None, cwd: str | None = None):
        given = None if env is None else dict(env)
        self._address = command
        self._where: Any = StdioServerParameters(command=command, args=list(arguments), env=given, cwd=cwd)
        self._client: Any = None
        self._stack = AsyncExitStack()

    @classmethod
    def at(cls, url: str) -> Self:
        """A server over streamable HTTP."""
        server = cls(url)
        server._where = url
        return server

    async def __aenter__(self) -> Self:
        try:
            self._client = await self._stack.enter_async_context(Client(self._where))
        except Exception as error:
            told = _first_of(error)
            raise TierwiseError(f"no MCP server at '{self._address}': {type(told).__name__}: {told}") from None
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()  # told of the caller's error, the library's task groups would wrap it

    async def tools(
        self,
        effects: Mapping[str, Effect | str] | None = None,
        *,
        only: Collection[str] | None = None,
        prefix: str = "",
        timeout_seconds: float = 60.0,
        max_result_chars: int = 4_000,
    ) -> list[AgentTool]:
        """The server's tools, those of ``only``, under their names behind ``prefix``.

        ``effects`` says what they do. One that it does not name is irreversible: what a server says of itself proves
        nothing. Raises ``TierwiseError`` for a name that the server does not have, and for a schema without use.
        """
        known = {tool.name: tool for tool in await self._listed()}
        named = {name: Effect.of(effect) for name, effect in (effects or {}).items()}
        missing = sorted((set(named) | set(only or ())) - known.keys())
        if missing:
            there = ", ".join(sorted(known)) or "nothing"
            raise TierwiseError(f"'{self._address}' has no tool '{missing[0]}'; it has {there}")
        return [
            AgentTool(
                name=f"{prefix}{name}",
                description=tool.description or "",
                parameters=tool.input_schema,
                effect=named.get(name, Effect.IRREVERSIBLE),
                call=self._caller(name),
                timeout_seconds=timeout_seconds,
                max_result_chars=max_result_chars,
            )
            for name, tool in known.items()
            if only is None or name in only
        ]

    async def _listed(self) -> Sequence[Any]:
        found: list[Any] = []
        cursor = None
        for _ in range(MAX_PAGES):
            page = await self._client.list_tools(cursor=cursor)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None:
                return found
        raise TierwiseError(f"'{self._address}' lists more than {MAX_PAGES} pages of tools; name those to use")

    def _caller(self, name: str) -> Any:
        async def call(arguments: Mapping[str, Any], key: str) -> str:
            del key
            result = await self._client.call_tool(name, dict(arguments))
            text = "\n".join(_text_of(part) for part in result.content)
            if result.is_error:
                raise ToolError(text)
            return text

        return call


def _text_of(part: Any) -> str:
    """What a part says; pictures and sounds are named, not shown."""
    text = getattr(part, "text", None) or getattr(getattr(part, "resource", None), "text", None)
    return text if isinstance(text, str) else f"[{part.type}]"


def _first_of(error: BaseException) -> BaseException:
    """The error inside the groups in which task groups wrap it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
