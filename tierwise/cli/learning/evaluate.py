"""``tierwise evaluate``: what a bundle would have saved and cost on a log that it was not trained on."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import print_table, say
from tierwise.cli.learning.course_table import print_courses
from tierwise.cli.learning.train import LogsOption
from tierwise.cli.sources import read_logs
from tierwise.data.drawing.fingerprint import dataset_fingerprint
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import LoggedStep
from tierwise.features.tasks import rebuilt
from tierwise.router_model.options import DecideOptions
from tierwise.router_model.router import Router

_N_SLICES = 3

if TYPE_CHECKING:
    from tierwise.training.evaluation.estimate import Estimate
    from tierwise.training.evaluation.evaluation import Evaluation
    from tierwise.training.evaluation.reporting.table_rows import TableRow


def evaluate(
    bundle: Annotated[Path, typer.Option(help="Folder of the bundle.")],
    log: LogsOption,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every figure to this file.")] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for the report: Markdown, JSON, pictures.")] = None,
    max_quality_loss: Annotated[
        float | None, typer.Option(help="Tolerated relative loss of success, 0 to 1; default: the bundle's.")
    ] = None,
    track: Annotated[bool, typer.Option("--track", help="Log the report to the bundle's run in MLflow.")] = False,
) -> None:
    """Evaluate a bundle on a log: success, cost and saving against what needs no learning, and the oracle."""
    with needs_extra("train"):
        from tierwise.training.evaluation.reporting.report import write_report
    router = Router.load(bundle)
    kept = json_file or report or bundle
    steps = read_logs(log, router.catalogue, kept.with_name(f"{kept.name}.quarantine.jsonl"))
    evaluation = evaluate_router(router, steps, DecideOptions(max_quality_loss=max_quality_loss))
    print_evaluation(evaluation, f"Router {router.version} on {len(steps)} steps")
    if json_file is not None:
        json_file.write_text(json.dumps(evaluation.to_dict(), indent=1) + "\n", encoding="utf-8")
    if report is not None:
        write_report(evaluation, report)
        say(f"Report written to {report}")
    if track:
        _track(evaluation, router.version)
    _warn_if_trained_on(bundle, steps)


def evaluate_router(router: Router, steps: list[LoggedStep], options: DecideOptions) -> "Evaluation":
    """Decides every step and measures the decisions, and plays courses where the answers are logged."""
    from tierwise.training.evaluation.cascades.courses import evaluate_courses
    from tierwise.training.evaluation.cascades.plain import CATCH_RATES
    from tierwise.training.evaluation.decisions import evaluate_decisions

    if router.parts.schema.task_memory:
        steps = list(rebuilt(steps, router.catalogue.names))
    to_decide = [logged.step for logged in steps]
    decisions = router.decide_many(to_decide, options)
    escalating = {rate: router.decide_many(to_decide, replace(options, catch_rate=rate)) for rate in CATCH_RATES}
    found = evaluate_decisions(steps, router.catalogue, decisions, escalating=escalating)
    return replace(found, courses=evaluate_courses(router, steps, options))


def print_evaluation(evaluation: "Evaluation", title: str) -> None:
    """The table of policies on stdout, and what must be known to read it."""
    table = evaluation.table()
    columns = ["policy", "success", "µUSD a step", "saved, dollars", "saved, a step", "loss of success"]
    print_table(title, columns, [_table_row(row) for row in table])
    say(
        "[ ] are 95 % intervals; saving and loss are relative to always using the top tier; 'a step' counts each step's"
    )
    say("costs in its own on the top tier, so that no dear step pays for the others.")
    if any(row.is_best for row in table):
        say("* is the best of its kind, picked afterwards: the cheapest that loses no more than the router does in the")
        say("same operation, or, where all lose more, the one that loses least.")
    if evaluation.escalation():
        say("+ verifier: it catches that share of failures, and each is tried again on the next tier of the cascade.")
    say_how_measured(evaluation)
    print_courses(evaluation.courses)
    summary = evaluation.log
    if any(summary.n_simulated.values()):
        found = ", ".join(f"{count} on {tier}" for tier, count in summary.n_simulated.items() if count)
        say(f"Some attempts are simulated ({found}): figures that lean on them show the mechanism, not a model.")
    if summary.n_unfamiliar:
        say(f"{summary.n_unfamiliar} of {summary.n_steps} steps were unfamiliar to the router.")
    say_worst_slices(evaluation)
    for row in evaluation.table():
        if row.refused:
            say(f"{row.name}: {row.refused}")


def say_how_measured(evaluation: "Evaluation") -> None:
    """Whether the figures are counted on complete steps or estimated from the choices of the log, and how well."""
    from tierwise.training.evaluation.errors import Refusal

    log, full = evaluation.log, evaluation.full_information
    if not isinstance(full, Refusal):
        if log.n_complete < log.n_steps:
            say(f"Counted on the {log.n_complete} of {log.n_steps} steps that know every tier.")
            say("Off-policy estimates over the choices of the whole log are in --json and --report.")
        return
    say(f"Estimated off-policy, from the choices of the log and their propensities: {full.reason}.")
    for name, report in evaluation.off_policy.items():
        if isinstance(report, Refusal):
            continue
        estimated = f", {report.p_estimated:.0%} of the propensities are estimated" if report.p_estimated else ""
        say(f"{name}: {report.n} steps, effective n {report.overlap.n_effective:.0f}{estimated}.")


def say_worst_slices(evaluation: "Evaluation") -> None:
    """The slices on which the router loses most, where it surely loses something."""
    from tierwise.training.evaluation.errors import Refusal

    full = evaluation.full_information
    if isinstance(full, Refusal):
        return
    losing = [entry for entry in full.slices.slices if entry.lost_success.is_above_zero]
    for entry in losing[:_N_SLICES]:
        lost = _shown(entry.lost_success, 100, ".1f", " points")
        say(f"Loses most on {entry.dimension} '{entry.value}': {lost} of success on {entry.success.n} steps.")


def _track(evaluation: "Evaluation", router_version: str) -> None:
    """Tracking in trouble is told and costs nothing else."""
    from tierwise.training.evaluation.reporting.report import write_report
    from tierwise.training.runs.tracking import TrackingError, track_report

    with TemporaryDirectory() as folder:
        write_report(evaluation, folder)
        try:
            run_id = track_report(Path(folder), router_version, evaluation.figures())
        except TrackingError as error:
            say(f"Not tracked: {error}")
        else:
            say(f"Report logged to MLflow, run {run_id}")


def _table_row(row: "TableRow") -> list[str]:
    return [
        _label(row),
        _shown(row.success, 100, ".1f", "%"),
        _shown(row.cost_usd, 1e6, ".1f", ""),
        _shown(row.saving, 100, ".1f", "%"),
        _shown(row.saving_relative, 100, ".1f", "%"),
        _shown(row.loss, 100, ".1f", "%"),
    ]


def _label(row: "TableRow") -> str:
    """The policy; a model with the number of steps that it ran on, which are not all."""
    return f"{row.label} (n = {row.success.n:,})" if row.kind == "model" and row.success is not None else row.label


def _shown(estimate: "Estimate | None", factor: float, spec: str, unit: str) -> str:
    if estimate is None:
        return "–"
    value, low, high = (format(factor * figure, spec) for figure in (estimate.value, estimate.low, estimate.high))
    return f"{value}{unit} [{low}, {high}]"


def _warn_if_trained_on(bundle: Path, steps: list[LoggedStep]) -> None:
    manifest = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    if manifest.get("data_fingerprint") == dataset_fingerprint(steps):
        say("This is the log that the router was trained on; the figures flatter it. Evaluate on steps it never saw.")
