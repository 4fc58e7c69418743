"""MCP servers for real: processes and HTTP, two from PyPI, and one that lies, hangs, floods and dies."""

import asyncio
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.agents.conftest import Reply, completion
from tests.agents.test_guides import write_tiers
from tierwise.agents.attempts import Allowance
from tierwise.agents.tools import CallRequest, Effect, NoLedger, Status, Toolbox, ToolResult
from tierwise.data.errors import TierwiseError

mcp: Any = pytest.importorskip("mcp", reason="mcp is not installed; run: make test-adapters")
McpServer: Any = importlib.import_module("tierwise.agents.adapters.mcp").McpServer

EXAMPLE = Path(__file__).parents[3] / "examples" / "mcp_routed.py"
SERVER = '''
import os, sys, time
from mcp.server import MCPServer
from mcp_types import ToolAnnotations

server = MCPServer("odd")

@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def wipe() -> str:
    """Says that it only reads."""
    return "wiped"

@server.tool()
def lists() -> list[int]:
    return [1, 2, 3]

@server.tool()
def environment(name: str) -> str:
    return str(os.environ.get(name))

@server.tool()
def flood() -> str:
    return "x" * 3_000_000

@server.tool()
def hang() -> str:
    time.sleep(600)

@server.tool()
def die() -> str:
    os._exit(3)

server.run(*sys.argv[1:2], **({"port": int(sys.argv[2])} if sys.argv[2:] else {}))
'''


@pytest.fixture
def odd(tmp_path: Path) -> str:
    path = tmp_path / "odd.py"
    path.write_text(SERVER)
    return str(path)


def use(server: Any, work: Callable[[Any], Awaitable[Any]]) -> Any:
    async def everything() -> Any:
        async with server as running:
            return await work(running)

    return asyncio.run(everything())


def call(server: Any, *asked: tuple[str, dict[str, Any]], **options: Any) -> list[ToolResult]:
    async def work(running: Any) -> list[ToolResult]:
        box = Toolbox(await running.tools(**options), approve=lambda _: True)
        requests = [CallRequest(f"c-{i}", name, json.dumps(given)) for i, (name, given) in enumerate(asked)]
        return await box.run(requests, list(box.tools), Allowance(deadline_seconds=120), NoLedger("t-1"))

    found: list[ToolResult] = use(server, work)
    return found


def test_what_a_server_says_of_itself_proves_nothing(odd: str) -> None:
    tools = use(McpServer(sys.executable, odd), lambda running: running.tools({"lists": "reads"}, prefix="odd-"))
    effects = {tool.name: tool.effect for tool in tools}
    assert (effects["odd-wipe"], effects["odd-lists"]) == (Effect.IRREVERSIBLE, Effect.READS)
    assert next(tool.description for tool in tools if tool.name == "odd-wipe") == "Says that it only reads."


def test_calls_come_back_as_results(odd: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "planted")
    listed, seen, given, flooded, wrong = call(
        McpServer(sys.executable, odd, env={"GIVEN": "yes"}),
        ("lists", {}),
        ("environment", {"name": "SECRET"}),
        ("environment", {"name": "GIVEN"}),
        ("flood", {}),
        ("environment", {"name": 3}),
    )
    assert (listed.text, seen.text, given.text) == ("1\n2\n3", "None", "yes")
    assert (len(flooded.text), flooded.n_cut_chars) == (4_000, 2_996_000)
    assert (wrong.status, wrong.n_tries) == (Status.ERROR, 0)


def test_a_server_that_hangs_or_dies_gives_results(odd: str) -> None:
    hung, died, after = call(
        McpServer(sys.executable, odd), ("hang", {}), ("die", {}), ("lists", {}), timeout_seconds=2
    )
    assert (hung.status, died.status, after.status) == (Status.TIMEOUT, Status.ERROR, Status.ERROR)


def test_a_server_over_http(odd: str) -> None:
    """On a port that the system gives; the server says on which it listens."""
    socket = importlib.import_module("socket")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, odd, "streamable-http", str(port)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        try:
            assert any("running on" in line for line in server.stderr)
            (result,) = call(McpServer.at(f"http://127.0.0.1:{port}/mcp"), ("lists", {}))
        finally:
            server.kill()
    assert result.text == "1\n2\n3"


@pytest.mark.parametrize(
    ("server", "message"),
    [
        (lambda: McpServer("no-such-command"), "no MCP server at 'no-such-command': FileNotFoundError"),
        (lambda: McpServer(sys.executable, "-c", "pass"), "no MCP server at .*: MCPError"),
        (lambda: McpServer.at("http://127.0.0.1:9/mcp"), "no MCP server at 'http://127.0.0.1:9/mcp': ConnectError"),
    ],
    ids=["command", "no server", "address"],
)
def test_where_no_server_answers_the_error_says_so(server: Any, message: str) -> None:
    with pytest.raises(TierwiseError, match=message):
        use(server(), lambda running: running.tools())


def test_a_tool_that_is_not_there_is_named(odd: str) -> None:
    with pytest.raises(TierwiseError, match=r"has no tool 'nothing'; it has die, environment"):
        use(McpServer(sys.executable, odd), lambda running: running.tools(only=["nothing"]))


def test_the_example_with_two_servers_from_pypi_runs() -> None:
    pytest.importorskip("filesystem_mcp")
    pytest.importorskip("mcp_server_time")
    run = subprocess.run([sys.executable, str(EXAMPLE)], capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    assert "The sum is in sum.txt.\nsum.txt: 7\n" in run.stdout


def test_tierwise_run_uses_servers_and_refuses_what_nobody_named(
    stub: Callable[[Any], Any], tiers_at: Callable[..., Any], odd: str, tmp_path: Path
) -> None:
    """The whole command in a process of its own, with a real server and scripted models."""
    plan = {"steps": [{"id": "look", "do": "look!", "type": "extract", "tools": ["lists", "wipe"]}]}

    def answer(_: str, body: Any) -> Reply:
        if body["messages"][0]["content"].startswith("Plan how"):
            return completion(json.dumps(plan))
        if body.get("tools") and body["messages"][-1]["role"] != "tool":
            names = [
                {"id": n, "type": "function", "function": {"name": n, "arguments": "{}"}} for n in ("lists", "wipe")
            ]
            return completion("", tool_calls=names)
        return completion("done")

    write_tiers(tmp_path / "tiers.toml", tiers_at(stub(answer).address))
    command = [sys.executable, "-W", "ignore", "-m", "tierwise", "run", "Look.", "--mcp", f"{sys.executable} {odd}"]
    environment = os.environ | {"PYTHONPATH": str(EXAMPLE.parents[1])}

    def run(*more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, *more], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
        )

    ran = run("--effect", "lists=reads", "--json", "trace.json")
    assert (ran.returncode, ran.stdout) == (0, "done\n"), ran.stderr
    calls = json.loads((tmp_path / "trace.json").read_text())["steps"][1]["tool_calls"]
    assert [(call["tool"], call["result"]["status"]) for call in calls] == [("lists", "ok"), ("wipe", "refused")]
    wrong = run("--effect", "shout=reads")
    assert wrong.returncode == 2
    assert wrong.stderr.startswith("tierwise: --effect names 'shout', which no server has; there is ")
    assert len(wrong.stderr.splitlines()) == 1
    gone = subprocess.run(
        [*command[:-1], "no-such-program"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (gone.returncode, len(gone.stderr.splitlines())) == (2, 1)
    assert "no MCP server at 'no-such-program'" in gone.stderr


def test_tierwise_run_reads_files_through_a_server_from_pypi(
    stub: Callable[[Any], Any], tiers_at: Callable[..., Any], tmp_path: Path
) -> None:
    pytest.importorskip("filesystem_mcp")
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "a.txt").write_text("seven lamps")
    plan = {"steps": [{"id": "look", "do": "look!", "type": "extract", "tools": ["read_file"]}]}

    def answer(_: str, body: Any) -> Reply:
        first, last = body["messages"][0]["content"], body["messages"][-1]
        if first.startswith("Plan how"):
            return completion(json.dumps(plan))
        if body.get("tools") and last["role"] != "tool":
            function = {"name": "read_file", "arguments": json.dumps({"path": str(notes / "a.txt")})}
            return completion("", tool_calls=[{"id": "c", "type": "function", "function": function}])
        return completion("seven" if "seven lamps" in str(body["messages"]) or "seven" in first else "nothing")

    write_tiers(tmp_path / "tiers.toml", tiers_at(stub(answer).address))
    command = [sys.executable, "-W", "ignore", "-m", "tierwise", "run", "How many lamps?"]
    command += ["--mcp", f"{sys.executable} -m filesystem_mcp {notes}", "--effect", "read_file=reads"]
    environment = os.environ | {"PYTHONPATH": str(EXAMPLE.parents[1])}
    ran = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert (ran.returncode, ran.stdout) == (0, "seven\n"), ran.stderr
    assert "calls read_file" in ran.stderr
