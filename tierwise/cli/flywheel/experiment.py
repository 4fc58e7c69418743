"""``tierwise experiment``: start an A/B test, see how it stands, walk its ramp, stop it, report it."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import print_table, say
from tierwise.cli.flywheel.promote import DEFAULT_LOG_URL, ByOption, LogUrlOption, actor_of
from tierwise.cli.moments import parse_wait
from tierwise.data.errors import TierwiseError
from tierwise.data.experiments import Arm, Experiment
from tierwise.data.program.extras import needs_extra
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.data.decision_log import DecisionLog
    from tierwise.training.flywheel.experiment_log import ReadExperiment

REPORT_ACTION = "experiment report"

experiment_app = typer.Typer(
    help="Run A/B tests between rules, routers and constants.", no_args_is_help=True, rich_markup_mode=None
)

NameArgument = Annotated[str, typer.Argument(help="Name of the experiment.")]
BundleOption = Annotated[
    Path | None, typer.Option(help="Bundle whose predictions narrow the intervals; it need not be an arm.")
]
SettleOption = Annotated[str, typer.Option(help="A task counts when its last decision is this old.")]


@experiment_app.callback()
def _experiment() -> None:
    """Run A/B tests between rules, routers and constants."""


@experiment_app.command()
def start(
    name: NameArgument,
    control: Annotated[str, typer.Option(help="rules, champion, challenger or always-TIER.")] = "rules",
    against: Annotated[str, typer.Option(help="The decider that wants to be better.")] = "challenger",
    share: Annotated[float, typer.Option(help="Share of the tasks for it, 0 (shadow) to 1; a ramp begins low.")] = 0.5,
    exploration: Annotated[float, typer.Option(help="Chance of a neighbouring tier, in both arms.")] = 0.0,
    margin: Annotated[float, typer.Option(help="Share of steps that may be lost and still be not inferior.")] = 0.02,
    confidence: Annotated[float, typer.Option(help="Confidence of the verdict over all looks together.")] = 0.95,
    by: ByOption = None,
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Start an experiment; every service on this decision log follows within seconds."""
    if not 0 <= share <= 1:
        raise TierwiseError(f"--share is {share:g}; a share of the tasks from 0 to 1 is needed")
    arms = (Arm(control, control, 1 - share), Arm(against, against, share))
    with _open_log(log_url) as log:
        experiment = Experiment(
            name=name,
            arms=arms,
            salt=name,
            started_at=time.time(),
            margin=margin,
            confidence=confidence,
            exploration=exploration,
            stage=_stage_name(share),
        )
        log.put_experiment(experiment)
        _audit(log, "experiment start", experiment, by, "")
    say(f"Experiment '{name}' runs: {_shown_arms(experiment)}. See it with: tierwise experiment status {name}")


@experiment_app.command()
def status(
    name: NameArgument,
    bundle: BundleOption = None,
    settle: SettleOption = "15m",
    advance: Annotated[
        bool, typer.Option("--advance", help="Take the ramp's next step, or stop at a bad sign.")
    ] = False,
    by: ByOption = None,
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Show how an experiment stands; looking often is safe."""
    with _open_log(log_url) as log:
        read = _read(log, name, bundle, settle)
        print_experiment(read)
        _keep(log, read, by)
        if advance:
            _advance(log, read, by)


@experiment_app.command()
def stop(
    name: NameArgument,
    why: Annotated[str, typer.Option(help="Why, in your words; kept in the audit trail.")],
    by: ByOption = None,
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Stop an experiment; its report stays readable."""
    from dataclasses import replace

    with _open_log(log_url) as log:
        experiment = next((each for each in log.experiments() if each.name == name), None)
        if experiment is None:
            raise TierwiseError(f"the decision log has no experiment '{name}'")
        stopped = replace(experiment, stopped_at=time.time(), stop_reason=why)
        log.put_experiment(stopped)
        _audit(log, "experiment stop", stopped, by, why)
    say(f"Experiment '{name}' is stopped.")


@experiment_app.command()
def report(
    name: NameArgument,
    out: Annotated[Path, typer.Option(help="Folder for report.md, report.json and experiment.png.")],
    bundle: BundleOption = None,
    settle: SettleOption = "15m",
    log_url: LogUrlOption = DEFAULT_LOG_URL,
) -> None:
    """Write everything about an experiment: figures, verdict, and the picture of its intervals over time."""
    with _open_log(log_url) as log:
        read = _read(log, name, bundle, settle)
        _keep(log, read, None)
    from tierwise.training.evaluation.experiments.report import write_experiment_report

    print_experiment(read)
    write_experiment_report(read.report, name, out)
    say(f"Report written to {out}")


def print_experiment(read: "ReadExperiment") -> None:
    """Arms, differences and verdict on stdout."""
    from tierwise.training.evaluation.experiments.report import comparison_rows, how_much_counts, summary_rows

    experiment, found = read.experiment, read.report
    state = "runs" if experiment.stopped_at is None else f"is stopped: {experiment.stop_reason or 'without a reason'}"
    say(f"Experiment '{experiment.name}' {state}. Stage {experiment.stage}: {_shown_arms(experiment)}.")
    header, *rows = summary_rows(found)
    print_table(f"{len(found.tasks)} tasks, {found.tasks.n_steps} steps", header, rows)
    header, *rows = comparison_rows(found)
    print_table(f"Against {found.tasks.arms[0]}", header, rows)
    for comparison, verdict in zip(found.comparisons, found.verdicts, strict=True):
        say(f"{comparison.arm}: {verdict.outcome}. {verdict.reason}")
        if counts := how_much_counts(comparison):
            say(counts)
    for warning in found.warnings:
        say(f"Beware: {warning}.")
    if found.tasks.n_unsettled:
        say(f"{found.tasks.n_unsettled} tasks are too young to count.")


def keep_report(log_url: str, name: str) -> None:
    """Judges an experiment with all its tasks, however young, and leaves what was found in the audit trail."""
    with _open_log(log_url) as log:
        _keep(log, _read(log, name, None, "0"), None)


def _keep(log: "DecisionLog", read: "ReadExperiment", by: str | None) -> None:
    """Leaves what was found in the audit trail, where the dashboard reads it."""
    from tierwise.data.decision_log import AuditEntry
    from tierwise.training.evaluation.experiments.report import trajectories_to_dict

    found = read.report.to_dict() | {"comparisons": trajectories_to_dict(read.report)}
    evidence = json.loads(json.dumps(found))
    log.record_audit(AuditEntry(REPORT_ACTION, read.experiment.name, actor_of(by), "", evidence))


def _advance(log: "DecisionLog", read: "ReadExperiment", by: str | None) -> None:
    """Takes the step that the ramp asks for, and tells."""
    from tierwise.training.flywheel.ramping import Ramped, ramp

    done: Ramped = ramp(log, read, time.time())
    _audit(log, f"experiment {done.step.action}", done.experiment, by, done.step.reason)
    now = f"{done.experiment.stage}: {_shown_arms(done.experiment)}"
    say(f"{done.step.action.capitalize()}: {done.step.reason} Now {now}.")


def _read(log: "DecisionLog", name: str, bundle: Path | None, settle: str) -> "ReadExperiment":
    with needs_extra("train"):
        from tierwise.training.flywheel.experiment_log import read_experiment
    router = None if bundle is None else Router.load(bundle)
    return read_experiment(log, name, settle_seconds=parse_wait(settle, "--settle"), router=router)


def _open_log(log_url: str) -> "DecisionLog":
    with needs_extra("serve"):
        from tierwise.data.decision_log import DecisionLog
    return DecisionLog.open(log_url)


def _audit(log: "DecisionLog", action: str, experiment: Experiment, by: str | None, why: str) -> None:
    from tierwise.data.decision_log import AuditEntry

    evidence = json.loads(json.dumps(experiment.to_mapping()))
    log.record_audit(AuditEntry(action, experiment.name, actor_of(by), why, evidence))


def _stage_name(share: float) -> str:
    return "shadow" if share == 0 else f"{share:.0%}"


def _shown_arms(experiment: Experiment) -> str:
    return ", ".join(f"{arm.name} {arm.share:.0%}" for arm in experiment.arms)
