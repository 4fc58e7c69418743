"""``tierwise drift``: does the newest log still look like the one before it, and do predictions still hold?"""

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tierwise.cli.console import say
from tierwise.cli.flywheel.retrain import NameOption, retrain
from tierwise.cli.learning.train import LogsOption, TiersOption
from tierwise.cli.moments import parse_mark
from tierwise.cli.sources import read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import LoggedStep
from tierwise.router_model.monitor.different import DIFFERENT
from tierwise.router_model.router import Router

if TYPE_CHECKING:
    from tierwise.training.drift import DriftReport


def drift(
    log: LogsOption,
    since: Annotated[
        str,
        typer.Option(help="Where now begins: ISO date or time, or 7d for 7 days ago; what is older is compared with."),
    ] = "7d",
    reference_since: Annotated[str | None, typer.Option(help="Leave out steps before this moment altogether.")] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Bundle whose predictions are checked; default: the champion in MLflow, if any.")
    ] = None,
    name: NameOption = "tierwise",
    tiers: TiersOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write every finding to this file.")] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="Write Prometheus metrics to this file, for node_exporter's textfile collector.")
    ] = None,
    audit_different: Annotated[
        float,
        typer.Option(min=0.001, max=0.999, help="Share of audited answers that may differ, as the service has it."),
    ] = DIFFERENT,
    check: Annotated[bool, typer.Option("--check", help="Exit with 1 when there is drift.")] = False,
    start_retraining: Annotated[bool, typer.Option("--retrain", help="Retrain when there is drift.")] = False,
) -> None:
    """Look for drift in steps, outcomes, calibration, prices and models; retrain if asked."""
    with needs_extra("train"):
        from tierwise.training.drift import DriftSettings, measure_drift
    now = time.time()
    router = _router(bundle, name)
    catalogue = router.catalogue if router is not None and tiers is None else TierCatalogue.load(tiers)
    steps = read_logs(log, catalogue, Path("drift.quarantine.jsonl"))
    start = None if reference_since is None else parse_mark(reference_since, now, "--reference-since")
    before, current = _windows(steps, parse_mark(since, now), start)
    report = measure_drift(before, current, catalogue, router, DriftSettings(max_different=audit_different))
    _print(report)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_dict(), indent=1) + "\n", encoding="utf-8")
    if metrics is not None:
        _write_metrics(report, metrics)
    if report.drifted and start_retraining:
        retrain(log, name=name, tiers=tiers)
    if report.drifted and check:
        sys.exit(1)


def _router(bundle: Path | None, name: str) -> Router | None:
    """The bundle that was named, or the champion; None where there is neither."""
    from tierwise.training.flywheel.registry import Registry
    from tierwise.training.runs.tracking import CHAMPION

    if bundle is not None:
        return Router.load(bundle)
    registry = Registry.open(name)
    champion = registry.by_alias(CHAMPION)
    if champion is None:
        say(f"'{name}' has no champion and no --bundle is named: predictions are not checked.")
        return None
    return Router.load(registry.download(champion.number))


def _windows(
    steps: list[LoggedStep], since: float, reference_since: float | None
) -> tuple[list[LoggedStep], list[LoggedStep]]:
    """Steps before and after ``since``; steps without a time belong to neither."""
    start = float("-inf") if reference_since is None else reference_since
    timed = [(step.timestamp, step) for step in steps if step.timestamp is not None and step.timestamp >= start]
    return [step for at, step in timed if at < since], [step for at, step in timed if at >= since]


def _print(report: "DriftReport") -> None:
    typer.echo(f"{report.n_current} steps against {report.n_reference} before:")
    for finding in report.findings:
        p_value = "" if finding.p_value is None else f" (p = {finding.p_value:.1g})"
        typer.echo(f"  {'DRIFT' if finding.is_drift else '':5s}  {finding.kind:11s}  {finding.text}{p_value}")
    router = "" if report.router_version is None else f" Predictions are those of router {report.router_version}."
    say(f"{len(report.drifted)} of {len(report.findings)} findings are drift.{router}")


def _write_metrics(report: "DriftReport", path: Path) -> None:
    with needs_extra("serve"):
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
    registry = CollectorRegistry()
    change = Gauge("tierwise_drift_change", "Effect size of each comparison.", ["kind", "name"], registry=registry)
    is_drift = Gauge("tierwise_drift", "1 where a comparison is drift.", ["kind", "name"], registry=registry)
    for finding in report.findings:
        change.labels(finding.kind, finding.name).set(finding.change)
        is_drift.labels(finding.kind, finding.name).set(float(finding.is_drift))
    Gauge("tierwise_drift_findings", "Comparisons that are drift.", registry=registry).set(len(report.drifted))
    write_to_textfile(str(path), registry)
