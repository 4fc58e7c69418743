"""A task whose steps call two MCP servers from PyPI, one for files and one for the time, and a Python function.

Needs ``tierwise[agents,serve,mcp]`` and ``filesystem-mcp mcp-server-time``; the models are a script:

python examples/mcp_routed.py
"""

import asyncio
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tools_stub import scripted_provider

from tierwise import AsyncLocalClient, RulesRouter, TierCatalogue
from tierwise.agents.adapters.mcp import McpServer
from tierwise.agents.attempts import AttemptLoop
from tierwise.agents.runtime import RunResult, Runtime
from tierwise.agents.tools import function_tool
from tierwise.agents.upstreams import Upstreams

PLAN = {
    "steps": [
        {
            "id": "sum",
            "instruction": "Add the amounts in a.txt.",
            "task_type": "extract",
            "tools": ["read_file", "add"],
        },
        {"id": "hour", "instruction": "When is it 16:30 UTC in Tokyo?", "tools": ["convert_time"]},
        {"id": "save", "instruction": "Write sum.txt.", "depends_on": ["sum", "hour"], "tools": ["write_file"]},
    ]
}


def add(numbers: list[int]) -> int:
    """Adds numbers."""
    return sum(numbers)


class Script:
    """Answers as the models would that the task needs; ``folder`` is where the files are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, messages: list[dict[str, Any]]) -> str | list[tuple[str, dict[str, Any]]]:
        prompt = messages[0]["content"]
        if prompt.startswith("Plan how"):
            return json.dumps(PLAN)
        if prompt.startswith("Write the final answer"):
            return "The sum is in sum.txt."
        results = [json.loads(message["content"])["result"] for message in messages if message["role"] == "tool"]
        asked = messages[1]["content"]
        if asked.startswith("Add"):
            path = str(self.folder / "a.txt")
            return [[("read_file", {"path": path})], [("add", {"numbers": [3, 4]})], "7"][len(results)]
        if asked.startswith("When"):
            zones = {"source_timezone": "UTC", "target_timezone": "Asia/Tokyo", "time": "16:30"}
            return "At half past one." if results else [("convert_time", zones)]
        return "Written." if results else [("write_file", {"path": str(self.folder / "sum.txt"), "content": "7"})]


async def run(folder: Path, address: str) -> RunResult:
    model = {"base_url": address, "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 2.0}
    tiers = TierCatalogue.from_mapping({"tiers": [{"name": n, "models": [{"name": n, **model}]} for n in ("a", "b")]})
    async with (
        McpServer(sys.executable, "-m", "filesystem_mcp", str(folder)) as files,
        McpServer(sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC") as times,
        AsyncLocalClient(RulesRouter(tiers), log_url=f"sqlite:///{folder}/decisions.db") as client,
        Upstreams(tiers) as upstreams,
    ):
        tools = [
            *await files.tools({"read_file": "reads", "write_file": "writes"}, only=["read_file", "write_file"]),
            *await times.tools({"convert_time": "reads"}, only=["convert_time"]),
            function_tool(add, "reads"),
        ]
        runtime = Runtime(AttemptLoop(client, upstreams), tools=tools, journal_folder=folder / "tasks")
        return await runtime.run("Add the amounts in a.txt and write sum.txt.", budget_usd=1.0, deadline_seconds=120)


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name).resolve()
        (folder / "a.txt").write_text("3 and 4")
        with scripted_provider(Script(folder)) as address:
            result = asyncio.run(run(folder, address))
        for step in result.steps:
            called = ", ".join(f"{c.tool}: {c.result.text[:40]!r}" for c in step.tool_calls if c.result)
            print(f"{step.role:10} {step.step_id.rpartition('/')[2]:20} {step.tier:2} ${step.cost_usd:.6f} {called}")
        print(result.answer or result.failure)
        print("sum.txt:", (folder / "sum.txt").read_text())


if __name__ == "__main__":
    main()
