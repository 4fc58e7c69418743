"""The options of ``tierwise run``."""

from pathlib import Path
from typing import Annotated

import typer

Goal = Annotated[str | None, typer.Argument(help="What is to be reached; - reads it from standard input.")]
Tools = Annotated[Path | None, typer.Option(help="Python file whose tools the steps may call.")]
Mcp = Annotated[list[str] | None, typer.Option(help="MCP server, as a command or an address; repeatable.")]
Effects = Annotated[
    list[str] | None,
    typer.Option(help="What a server's tool does, as NAME=reads or NAME=writes; others are irreversible; repeatable."),
]
Tiers = Annotated[Path, typer.Option(help="tiers.toml with the models to call.")]
Bundle = Annotated[Path | None, typer.Option(help="Decide with this router; default: the rules.")]
BudgetUsd = Annotated[float | None, typer.Option(min=0, help="The most that the task may cost.")]
DeadlineSeconds = Annotated[float | None, typer.Option(min=0, help="The longest that the task may take.")]
PlannerTier = Annotated[str | None, typer.Option(help="Cheapest tier that may plan; default: the top one alone.")]
Check = Annotated[str | None, typer.Option(help="Shell command that judges the answer, which it reads; 0 is right.")]
Plans = Annotated[Path | None, typer.Option(help="File of plans that did well, to be used again.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Plan, and say what it may cost, by tier.")]
Resume = Annotated[str | None, typer.Option(help="Go on with the task of this name, instead of a goal.")]
Tasks = Annotated[Path, typer.Option(help="Folder of the tasks' journals.")]
LogUrl = Annotated[str, typer.Option(help="Decision log that every call is written to.")]
Yes = Annotated[bool, typer.Option("--yes", help="Approve calls that cannot be taken back.")]
MaxTokens = Annotated[int, typer.Option(min=1, help="Longest answer of a step.")]
JsonFile = Annotated[Path | None, typer.Option("--json", help="Write the whole trace to this file.")]
