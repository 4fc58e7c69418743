"""The commands by name: each is imported when it is asked for, so that help and completion cost little."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_group


@dataclass(frozen=True, slots=True)
class Command:
    """Where a command is, and the line that the list of commands shows of it."""

    module: str
    attribute: str
    summary: str


COMMANDS = {
    "init": Command(
        "init",
        "init",
        "Write a commented tiers.toml: the models in use on top, cheaper ones below, with today's list prices.",
    ),
    "demo": Command(
        "first_hour.demo", "demo", "Tell the first hour on the sample log: mirrored, certified, routed, audited."
    ),
    "train": Command("learning.train", "train", "Train a router on logged steps and write it as a bundle."),
    "evaluate": Command(
        "learning.evaluate",
        "evaluate",
        "Evaluate a bundle on a log: success, cost and saving against what needs no learning, and the oracle.",
    ),
    "decide": Command("decide", "decide", "Decide the tier of every step in a log."),
    "serve": Command(
        "serve",
        "serve",
        "Serve decisions; without a bundle, the top tier.",
    ),
    "run": Command("run", "run", "Reach a goal: a strong model plans, cheap ones do the steps, with tools."),
    "explain": Command("explain", "explain", "Explain the decision for one step, given as JSON or taken from a log."),
    "tax": Command(
        "logs.tax", "tax", "Show the frontier tax: what was paid above the cheapest tier that would have succeeded."
    ),
    "collect": Command(
        "logs.collect",
        "collect",
        "Run steps on every tier, or on those whose outcome is missing, and write a log with full information.",
    ),
    "label": Command(
        "logs.label",
        "label",
        "Label answers in the terminal, and see what they and the judge say together.",
    ),
    "retrain": Command(
        "flywheel.retrain",
        "retrain",
        "Train a challenger on the newest log, measure it against the champion, register it.",
    ),
    "promote": Command(
        "flywheel.promote",
        "promote",
        "Make the challenger the champion, if it has passed its gates or won an experiment.",
    ),
    "rollback": Command("flywheel.promote", "rollback", "Put back what served before the champion was promoted."),
    "drift": Command(
        "flywheel.drift",
        "drift",
        "Look for drift in steps, outcomes, calibration, prices and models; retrain if asked.",
    ),
    "export": Command(
        "logs.export",
        "export",
        "Write a decision log as Parquet files, one a day; a second run writes only what has changed.",
    ),
    "import": Command("logs.import_", "import_log", "Turn a foreign log into a step log."),
    "encoder": Command("learning.encoder", "encoder_app", "Export sentence encoders."),
    "experiment": Command(
        "flywheel.experiment", "experiment_app", "Run A/B tests between rules, routers and constants."
    ),
}


class LazyCommands(TyperGroup):
    """The group of all commands."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Their names, in the order in which help shows them."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of that name, imported; None when there is none."""
        del ctx
        known = COMMANDS.get(cmd_name)
        return None if known is None else _imported(cmd_name, known)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """The list of commands, without importing them."""
        del ctx
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _short(command.summary, limit)) for name, command in COMMANDS.items()])


def _imported(name: str, known: Command) -> Any:
    found = getattr(import_module(f"tierwise.cli.{known.module}"), known.attribute)
    command: Any
    if isinstance(found, typer.Typer):
        command = get_group(found)  # get_command would add the options of completion
    else:
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
        alone.command(name)(found)
        command = get_command(alone)
    command.name = name
    return command


def _short(text: str, limit: int) -> str:
    """Whole words of ``text`` up to ``limit`` characters."""
    if len(text) <= limit:
        return text
    return text[: limit - 2].rpartition(" ")[0] + "..."
