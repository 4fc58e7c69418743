"""``tierwise tax``: what a log paid above the cheapest tier that would have succeeded."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tierwise.cli.console import print_table, say
from tierwise.cli.decide import say_nothing_certified
from tierwise.cli.learning.train import LogsOption, TiersOption
from tierwise.cli.sources import read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import CatalogueError
from tierwise.data.records import LoggedStep
from tierwise.data.tax import GroupTax, Projection, Range, TaxReport, frontier_tax
from tierwise.data.tax.report import Expectation
from tierwise.router_model.router import Router

_BATCH_STEPS = 1024


def tax(
    log: LogsOption,
    tiers: TiersOption = None,
    bundle: Annotated[
        Path | None, typer.Option(help="Bundle of a router whose expectation fills what the log leaves open.")
    ] = None,
    as_if: Annotated[
        str | None, typer.Option(help="Tier that every step is taken to have run on, once: for collected logs.")
    ] = None,
    days: Annotated[
        float | None, typer.Option(help="Days that the log covers; default: from its first to its last step.", min=0.01)
    ] = None,
    daily_users: Annotated[int, typer.Option(help="Users a day to project to.", min=1)] = 100_000,
    steps_per_user: Annotated[float, typer.Option(help="Steps a user and day to project with.", min=0.01)] = 20.0,
    top: Annotated[int, typer.Option(help="Agents, nodes and task types shown, the dearest first.", min=1)] = 8,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write every figure to this file; - for stdout.")
    ] = None,
) -> None:
    """Show the frontier tax: what was paid above the cheapest tier that would have succeeded."""
    router = None if bundle is None else Router.load(bundle)
    catalogue = router.catalogue if router is not None and tiers is None else TierCatalogue.load(tiers)
    if router is not None and router.catalogue.names != catalogue.names:
        raise CatalogueError(f"the bundle knows the tiers {router.catalogue.names}, tiers.toml {catalogue.names}")
    steps = read_logs(log, catalogue, Path("tax.quarantine.jsonl"))
    expectation = None if router is None else _expectation(router)
    report = frontier_tax(steps, catalogue, as_if, expectation)
    projections = [p for p in (report.per_month(days), report.per_users(daily_users, steps_per_user)) if p is not None]
    if json_file is not None:
        _write_json(json_file, report, projections)
    if json_file is None or str(json_file) != "-":
        _print_report(report, projections, top, as_if)
    if router is not None:
        say_nothing_certified(router)


def _expectation(router: Router) -> Expectation:
    """In batches: an outcome log may be long, and a step's features are wide."""
    import numpy as np

    def p_enough(steps: Sequence[LoggedStep]) -> Any:
        batches = (steps[start : start + _BATCH_STEPS] for start in range(0, len(steps), _BATCH_STEPS))
        return np.vstack([router.predict([s.step for s in batch]).probabilities.p_enough for batch in batches])

    return p_enough


def _print_report(report: TaxReport, projections: list[Projection], top: int, as_if: str | None) -> None:
    total = report.total
    ran = f", as if all had run on {as_if}" if as_if else ""
    typer.echo(f"Frontier tax of {total.n_steps:,} steps{ran}\n")
    rows = [
        ("paid", usd(total.paid_usd)),
        ("cheapest sufficient", usd_range(total.needed_usd)),
        ("frontier tax", usd_range(total.tax_usd)),
        ("of what was paid", share_range(total)),
    ]
    if total.expected_tax_usd is not None:
        expected = total.expected_tax_usd
        rows.append(("expected by the router", f"{usd(expected)} ({total.share(expected):.0%}), an estimate"))
    for label, value in rows:
        typer.echo(f"  {label:<24}{value}")
    typer.echo("")
    _print_groups(report, top)
    _print_models(report, top)
    _print_split(report)
    _print_saving(report, as_if)
    for projection in projections:
        line = f"{projection.name}: {usd(projection.paid_usd)} paid, {usd_range(projection.tax_usd)} tax"
        if projection.expected_tax_usd is not None:
            line += f", {usd(projection.expected_tax_usd)} expected"
        typer.echo(f"{line}\n  assuming {projection.assumption}")
    for note in _notes(report, as_if):
        typer.echo(f"\n{note}")


def _print_groups(report: TaxReport, top: int) -> None:
    has_expectation = report.total.expected_tax_usd is not None
    columns = ["steps", "known", "paid", "tax, at least", "tax, at most", "of paid"]
    columns += ["expected"] if has_expectation else []
    for name, groups in report.groups.items():
        if groups:
            print_table(f"by {name}", [name, *columns], [_group_row(group) for group in groups[:top]])
            if len(groups) > top:
                typer.echo(f"… and {len(groups) - top} more; --top shows them\n")


def _group_row(group: GroupTax) -> list[str]:
    row = [
        group.name[:40],
        f"{group.n_steps:,}",
        f"{group.n_known:,}",
        usd(group.paid_usd),
        usd(group.tax_usd.low),
        usd(group.tax_usd.high),
        share_range(group),
    ]
    return row + ([] if group.expected_tax_usd is None else [usd(group.expected_tax_usd)])


def _print_models(report: TaxReport, top: int) -> None:
    if report.models:
        rows = [(m.model[:60], m.tier, f"{m.n_attempts:,}", usd(m.paid_usd)) for m in report.models[:top]]
        print_table("by model, each attempt on its own", ("model", "tier", "attempts", "paid"), rows)


def _print_saving(report: TaxReport, as_if: str | None) -> None:
    saving = report.saving
    if as_if is not None or saving.top_usd <= 0:
        return
    top = report.split[-1].tier
    typer.echo(
        f"Against always {top}: {usd(saving.top_usd)} there, {usd(saving.served_usd)} paid for serving, "
        f"{usd(saving.overhead_usd)} for mirror ({usd(saving.mirror_usd)}), audit ({usd(saving.audit_usd)}) and judges "
        f"({usd(saving.judge_usd)}): {signed_usd(saving.net_usd)} saved net, {saving.net_share:.1%}\n"
        "  an estimate: where a step did not run there, its tokens at list prices\n"
    )


def _print_split(report: TaxReport) -> None:
    has_expectation = report.total.expected_tax_usd is not None
    columns = ["tier", "steps", "money", "needed", *(["expected"] if has_expectation else []), "90/9/1"]
    rows = []
    for tier in report.split:
        row = [tier.tier, f"{tier.used:.1%}", f"{tier.paid:.1%}", percent_range(tier.needed)]
        row += [] if tier.expected_needed is None else [f"{tier.expected_needed:.1%}"]
        rows.append([*row, "–" if tier.reference is None else f"{tier.reference:.0%}"])
    print_table("where steps ran, what was enough", columns, rows)


def _notes(report: TaxReport, as_if: str | None) -> list[str]:
    total = report.total
    n_open = total.n_steps - total.n_known
    notes = []
    if n_open:
        notes.append(
            f"The cheapest sufficient tier is known for {total.n_known:,} of {total.n_steps:,} steps; hence the "
            "ranges. What narrows them: asking the cheaper tiers too (tierwise collect --compare TIER, "
            "docs/guides/observe.md), verdicts, a little exploration, or --bundle (docs/guides/label-your-logs.md)."
        )
    if report.n_in_vain:
        notes.append(
            f"{report.n_in_vain:,} steps that every tier failed on cost {usd(report.in_vain_usd)}; that is no tax."
        )
    if report.n_unpaid:
        notes.append(f"{report.n_unpaid:,} steps without an attempt of known cost are in no figure.")
    if report.n_estimated and not as_if:
        notes.append(f"The costs of {report.n_estimated:,} steps are tokens times list prices, not invoices.")
    if report.n_simulated:
        notes.append(f"{report.n_simulated:,} steps have simulated attempts; figures on them are no evidence.")
    if report.n_after_success and not as_if:
        notes.append(
            f"{report.n_after_success:,} steps went on after a success, as in a log that was collected on all tiers, "
            "not paid for in production. --as-if TIER shows what it would have been on one tier."
        )
    return notes


def _write_json(path: Path, report: TaxReport, projections: list[Projection]) -> None:
    from dataclasses import asdict

    body = report.to_dict() | {"projections": [asdict(projection) for projection in projections]}
    text = json.dumps(body, indent=1) + "\n"
    if str(path) == "-":
        sys.stdout.write(text)
        return
    path.write_text(text, encoding="utf-8")
    say(f"Every figure written to {path}")


def usd(amount: float) -> str:
    """Dollars with as many digits as the amount deserves.

    >>> [usd(amount) for amount in (0.0, 0.0001234, 0.5, 12.345, 1234567.8)]
    ['$0', '$0.00012', '$0.50', '$12.35', '$1,234,568']
    """
    if amount == 0:
        return "$0"
    if amount < 0.1:
        return f"${amount:.2g}" if amount >= 0.0001 else f"${amount:.1e}"
    return f"${amount:,.2f}" if amount < 1000 else f"${amount:,.0f}"


def signed_usd(amount: float) -> str:
    """Dollars with a minus sign where something was lost.

    >>> signed_usd(-0.5)
    '-$0.50'
    """
    return f"-{usd(-amount)}" if amount < 0 else usd(amount)


def usd_range(amount: Range) -> str:
    low, high = usd(amount.low), usd(amount.high)
    return low if low == high else f"{low} to {high}"


def percent_range(share: Range) -> str:
    low, high = f"{share.low:.1%}", f"{share.high:.1%}"
    return low if low == high else f"{low} to {high}"


def share_range(group: GroupTax) -> str:
    low, high = (f"{group.share(usd):.0%}" for usd in (group.tax_usd.low, group.tax_usd.high))
    return low if low == high else f"{low} to {high}"
