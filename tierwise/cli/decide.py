"""``tierwise decide``: decisions for a file of steps, which never depend on the outcomes in the file."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.files import replacing
from tierwise.cli.played_course import played_course
from tierwise.cli.sources import keep_malformed
from tierwise.data.errors import LogError
from tierwise.data.records import Decision, LoggedStep
from tierwise.data.step_log import Malformed, read_step_log
from tierwise.data.told import told_decision
from tierwise.router_model.choosing.refusal import nothing_certified
from tierwise.router_model.options import NO_OPTIONS, DecideOptions
from tierwise.router_model.router import Router

_BATCH_STEPS = 256


def decide(
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    steps: Annotated[list[Path], typer.Option(help="Step log; only the steps are read; repeatable.")],
    out: Annotated[Path, typer.Option(help="JSON Lines file of decisions, one a step, in order.")],
    max_quality_loss: Annotated[
        float | None, typer.Option(help="Tolerated relative loss of success, 0 to 1; default: the bundle's.")
    ] = None,
    catch_rate: Annotated[
        float | None,
        typer.Option(
            help="Share of failures, 0 to 1, that a verifier catches and sends one tier up; the tier is then the start."
        ),
    ] = None,
    courses: Annotated[
        bool, typer.Option("--courses", help="Play courses: of the steps' attempts the answers are read, nothing else.")
    ] = False,
) -> None:
    """Decide the tier of every step in a log."""
    router = Router.load(bundle)
    options = DecideOptions(max_quality_loss=max_quality_loss, catch_rate=catch_rate, courses=courses)
    options.check(router.catalogue)
    _check_out(out, steps)
    malformed: list[Malformed] = []
    n_decided = 0
    with StageBar() as progress, replacing(out) as file:
        progress("deciding", 1)
        records = (record for path in steps for record in read_step_log(path, with_outcomes=courses))
        for batch in _batches(records, malformed):
            decided = router.decide_many([logged.step for logged in batch], options)
            played = [played_course(router, logged, options) for logged in batch] if courses else [{}] * len(batch)
            lines = [decision_to_dict(one) | more for one, more in zip(decided, played, strict=True)]
            _write(file, batch, lines, catch_rate)
            n_decided += len(batch)
    keep_malformed(malformed, out.with_name(f"{out.name}.quarantine.jsonl"))
    starts = "" if catch_rate is None else f", each the tier to start on where {catch_rate:.0%} of failures are caught,"
    say(f"{n_decided} decisions of router {router.version}{starts} written to {out}")
    say_nothing_certified(router, options)


def say_nothing_certified(router: Router, options: DecideOptions = NO_OPTIONS) -> None:
    """One line where the router certifies nothing that the options ask for."""
    line = nothing_certified(router.parts.policy, router.catalogue.names[-1], options)
    if line is not None:
        say(line)


def _check_out(out: Path, steps: list[Path]) -> None:
    """Raises ``LogError`` where decisions would be written over the steps that they are for, and for what is no file;
    makes the folder."""
    for path in steps:
        if ":/" in str(path) and not path.exists():
            raise LogError(
                f"{path}: decide reads files; write the log's steps out first, with "
                "tierwise import DATABASE-URL --from tierwise --out steps.jsonl"
            )
    if any(path.exists() and out.exists() and path.samefile(out) for path in steps):
        raise LogError(f"{out} is read as steps; write elsewhere with --out")
    out.parent.mkdir(parents=True, exist_ok=True)


_OF_SERVICE = frozenset({"model", "policy", "arm", "propensity"})  # what no file of steps asks for


def decision_to_dict(decision: Decision) -> dict[str, Any]:
    """A decision as the command line writes it."""
    return {name: value for name, value in told_decision(decision).items() if name not in _OF_SERVICE}


def _batches(records: Iterator[LoggedStep | Malformed], malformed: list[Malformed]) -> Iterator[list[LoggedStep]]:
    while batch := list(islice(records, _BATCH_STEPS)):
        malformed += [record for record in batch if isinstance(record, Malformed)]
        yield [record for record in batch if isinstance(record, LoggedStep)]


def _write(file: IO[str], batch: list[LoggedStep], decisions: list[dict[str, Any]], catch_rate: float | None) -> None:
    """With a catch rate each line names it: its tier is where the step starts, not where it ends."""
    rate = {} if catch_rate is None else {"catch_rate": catch_rate}
    for logged, decision in zip(batch, decisions, strict=True):
        file.write(json.dumps({"step_id": logged.step_id, **decision, **rate}) + "\n")
