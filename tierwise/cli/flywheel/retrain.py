"""``tierwise retrain``: from the newest log to a challenger with its evidence."""

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.learning.train import LogsOption, TiersOption
from tierwise.cli.moments import parse_duration, parse_mark
from tierwise.cli.sources import read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import TierwiseError
from tierwise.data.program.extras import needs_extra

if TYPE_CHECKING:
    from tierwise.training.flywheel.retrain import Retraining, RetrainSettings

NameOption = Annotated[str, typer.Option(help="Registered model in MLflow.")]


def retrain(
    log: LogsOption,
    since: Annotated[
        str | None, typer.Option(help="Leave out steps before this moment: ISO date or time, or 30d for 30 days ago.")
    ] = None,
    every: Annotated[str | None, typer.Option(help="Do it again and again, such as every 12h or 7d.")] = None,
    name: NameOption = "tierwise",
    out: Annotated[Path, typer.Option(help="Folder for snapshots, bundle and report.")] = Path(".tierwise/retrain"),
    tiers: TiersOption = None,
    config: Annotated[Path | None, typer.Option(help="train.toml; default: half-life of 30 days.")] = None,
    test_share: Annotated[float, typer.Option(help="Share of the steps, the newest, to measure on.")] = 0.25,
    min_new_steps: Annotated[int, typer.Option(help="Least new steps with a known outcome.")] = 100,
    margin: Annotated[float, typer.Option(help="Share of steps that may be lost and still be not inferior.")] = 0.02,
) -> None:
    """Train a challenger on the newest log, measure it against the champion, register it."""
    with needs_extra("train"):
        from tierwise.training.flywheel.retrain import RetrainSettings
    from tierwise.training.config import TrainConfig
    from tierwise.training.flywheel.gates import GateSettings

    known = {} if config is None else {"train": TrainConfig.load(config)}
    settings = RetrainSettings(
        gates=GateSettings(margin=margin), test_share=test_share, min_new_steps=min_new_steps, **known
    )
    pause_seconds = None if every is None else parse_duration(every, "--every")
    while True:
        try:
            _retrain_once(log, since, name, out, TierCatalogue.load(tiers), settings)
        except TierwiseError as error:
            if pause_seconds is None:
                raise
            say(f"tierwise: {error}")
        if pause_seconds is None:
            return
        say(f"Next retraining at {datetime.fromtimestamp(time.time() + pause_seconds, UTC):%Y-%m-%d %H:%M} UTC.")
        time.sleep(pause_seconds)


def _retrain_once(
    log: list[str], since: str | None, name: str, out: Path, catalogue: TierCatalogue, settings: "RetrainSettings"
) -> None:
    from tierwise.training.flywheel.registry import Registry
    from tierwise.training.flywheel.retrain import retrain as retrain_on

    out.mkdir(parents=True, exist_ok=True)
    mark = None if since is None else parse_mark(since, time.time())
    steps = read_logs(log, catalogue, out / "quarantine.jsonl")
    with StageBar() as progress:
        done = retrain_on(steps, catalogue, Registry.open(name), out, settings, mark, progress)
    print_retraining(done, name)


def print_retraining(done: "Retraining", name: str) -> None:
    """The gates on stdout, the rest on stderr."""
    for reason, count in done.snapshot.left_out.items():
        say(f"{count} steps left out: {reason}.")
    if not done.is_new:
        say(f"Nothing new: version {done.version} of '{name}' was trained on these {len(done.snapshot.steps)} steps.")
        return
    typer.echo(f"Version {done.version} against {done.incumbent}:")
    for gate in done.gates:
        state = "passed" if gate.is_passed else "FAILED"
        typer.echo(f"  {state}  {gate.name:12s}  {gate.finding}; asked for: {gate.bound}")
    say(f"Registered as models:/{name}@challenger; report: {done.report}")
    if done.is_ready:
        say(f"Every gate is passed: tierwise promote --name {name} --why ...")
    else:
        say("Not ready to serve. Where the log cannot tell, an experiment can: tierwise experiment start")
