"""What ``tierwise run`` is given: tools in a file, servers, a way to decide, somebody to ask."""

import asyncio
import importlib.util
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.util import find_spec
from pathlib import Path

import typer

from tierwise.agents.attempts import FunctionVerifier
from tierwise.agents.tools import AgentTool, Approval, ApprovalRequest, Approve, Occasion
from tierwise.agents.upstreams import Reply
from tierwise.cli.console import say
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.router_model.decider import Decider
from tierwise.router_model.router import Router
from tierwise.router_model.rules import RulesRouter

_CHECK_SECONDS = 600


def tools_in(path: Path) -> list[AgentTool]:
    """The tools that a Python file defines, in its order. Raises ``TierwiseError`` for a file that cannot be run, or
    that has none."""
    spec = importlib.util.spec_from_file_location(f"_tools_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise TierwiseError(f"{path}: no such Python file; --tools needs one with tools")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations are looked up there
    try:
        spec.loader.exec_module(module)
    except TierwiseError as error:
        raise TierwiseError(f"{path}: {error}") from None
    except Exception as error:
        raise TierwiseError(f"{path} cannot be run: {type(error).__name__}: {error}") from None
    found = [value for value in vars(module).values() if isinstance(value, AgentTool)]
    if not found:
        fix = "put @reads, @writes or @irreversible of tierwise.agents.tools above a function"
        raise TierwiseError(f"{path} has no tools; {fix}")
    return list({id(tool): tool for tool in found}.values())


async def server_tools(servers: Sequence[str], effects: Mapping[str, str], stack: AsyncExitStack) -> list[AgentTool]:
    """The tools of MCP servers, each a command or an address, for as long as ``stack`` is open.

    Raises ``TierwiseError`` where none answers, and ``MissingExtraError`` without the extra.
    """
    found: list[AgentTool] = []
    for address in servers:
        from tierwise.agents.adapters.mcp import McpServer

        command = shlex.split(address)
        if not command:
            raise TierwiseError("--mcp is empty; a command or an address is needed")
        is_url = address.startswith(("http://", "https://"))
        server = await stack.enter_async_context(McpServer.at(address) if is_url else McpServer(*command))
        names = {tool.name for tool in await server.tools()}
        found += await server.tools({name: effect for name, effect in effects.items() if name in names})
    unknown = sorted(set(effects) - {tool.name for tool in found})
    if unknown:
        there = ", ".join(sorted(tool.name for tool in found)) or "nothing"
        raise TierwiseError(f"--effect names '{unknown[0]}', which no server has; there is {there}")
    return found


def effects_of(given: Sequence[str]) -> dict[str, str]:
    """``NAME=reads`` by name. Raises ``TierwiseError`` for another form."""
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (name, _, effect) in zip(given, pairs, strict=True) if not name or not effect]
    if wrong:
        raise TierwiseError(f"--effect is '{wrong[0]}'; NAME=reads, NAME=writes or NAME=irreversible is needed")
    return {name: effect for name, _, effect in pairs}


def catalogue_at(path: Path) -> TierCatalogue:
    """Raises ``TierwiseError`` that says how to get a ``tiers.toml``."""
    if not path.exists():
        raise TierwiseError(f"{path}: no such file; tierwise init writes one, or name yours with --tiers")
    return TierCatalogue.load(path)


def decider_of(bundle: Path | None, catalogue: TierCatalogue) -> Decider:
    return RulesRouter(catalogue) if bundle is None else Router.load(bundle)


def log_for(url: str) -> str | None:
    """The decision log, or none where what it needs is not installed."""
    if url and find_spec("sqlalchemy") is None:
        say("no decision log is kept; for one: pip install 'tierwise[serve]'")
        return None
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    return url or None


def approval(says_yes: bool) -> Approve | None:
    """Asks the person at the terminal. Without one nothing is approved, unless ``says_yes``; an interrupted write is
    never called again unasked."""
    if sys.stdin.isatty() and not says_yes:
        return _ask
    return (lambda request: request.occasion is Occasion.IRREVERSIBLE) if says_yes else None


def check_by(command: str | None) -> FunctionVerifier | None:
    """A shell command as the verifier of the answer, which it gets on standard input: 0 is right."""
    if command is None:
        return None

    async def is_right(reply: Reply) -> bool | str:
        def ran() -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                command,
                shell=True,
                input=reply.text,
                capture_output=True,
                text=True,
                timeout=_CHECK_SECONDS,
                check=False,
            )

        done = await asyncio.to_thread(ran)
        return done.returncode == 0 or f"{command} says no: {(done.stdout + done.stderr).strip()[-500:]}"

    return FunctionVerifier(is_right, "check")


def _ask(request: ApprovalRequest) -> Approval:
    arguments = ", ".join(f"{name}={value!r:.80}" for name, value in request.arguments.items())
    if request.occasion is Occasion.INTERRUPTED:
        say(f"{request.tool}({arguments}) was under way when the task was interrupted.")
        if typer.confirm("Did it take effect?", err=True):
            return Approval.DONE
        return Approval.CALL if typer.confirm("Call it again?", err=True) else Approval.REFUSE
    say(f"{request.tool}({arguments}) cannot be taken back.")
    return Approval.CALL if typer.confirm("Call it?", err=True) else Approval.REFUSE
