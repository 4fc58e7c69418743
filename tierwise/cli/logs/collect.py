"""``tierwise collect``: steps through the tiers, with verifiers, into a log with full information."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierwise.agents.attempts import Allowance, AttemptSettings
from tierwise.agents.collect import (
    Job,
    Journal,
    Progress,
    UpstreamAnswerer,
    can_be_judged,
    full_steps,
    judge,
    missing_jobs,
    run_jobs,
)
from tierwise.agents.upstreams import Upstreams
from tierwise.cli.console import StageBar, fail, print_table, say
from tierwise.cli.logs.comparing import open_comparison
from tierwise.cli.sources import RedactionOption, read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.redaction import Redaction, redact_logged_step
from tierwise.data.serialise import logged_step_to_dict
from tierwise.data.step_log import write_step_log


def collect(
    steps: Annotated[
        list[str], typer.Option(help="Step log with the steps to run, or a decision log's URL; repeatable.")
    ],
    tiers: Annotated[Path, typer.Option(help="tiers.toml with the models to call.")],
    out: Annotated[Path, typer.Option(help="The log to write; beside it stands the journal from which a run goes on.")],
    tier: Annotated[list[str] | None, typer.Option(help="Only this tier; repeatable.")] = None,
    again: Annotated[bool, typer.Option(help="Also ask where the outcome is known already.")] = False,
    budget_usd: Annotated[float | None, typer.Option(min=0, help="Stop before this much is spent in this run.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls at the same time.")] = 8,
    max_tokens: Annotated[int, typer.Option(min=1, help="Longest answer, where a step does not say.")] = 1024,
    temperature: Annotated[float, typer.Option(help="Sent to the models with every call.")] = 0.0,
    compare: Annotated[
        str | None,
        typer.Option(help="Tier whose answers count as right where no verifier fits; those in the log are used."),
    ] = None,
    judge_tier: Annotated[
        str | None,
        typer.Option("--judge", help="With --compare: tier whose model compares what cannot be compared by itself."),
    ] = None,
    sample: Annotated[
        int | None,
        typer.Option(min=1, help="With --compare: so many steps, drawn at random; a later run may ask more."),
    ] = None,
    redaction: RedactionOption = Redaction.REDACTED,
) -> None:
    """Run steps on every tier, or on those whose outcome is missing, and write a log with full information."""
    catalogue = TierCatalogue.load(tiers)
    comparison = open_comparison(compare, judge_tier, sample, catalogue)
    logged = read_logs(steps, catalogue, out.with_name(f"{out.name}.quarantine.jsonl"))
    allowance, settings = Allowance(budget_usd), AttemptSettings(max_tokens=max_tokens)
    upstreams = Upstreams(catalogue)
    answerers = {
        name: UpstreamAnswerer(upstreams, name, allowance, settings, {"temperature": temperature})
        for name in _chosen(tier, catalogue)
    }
    if comparison is None:
        _say_unjudged(logged)
    jobs = comparison.jobs(logged, answerers) if comparison else missing_jobs(logged, answerers, again)
    with Journal(out.with_name(f"{out.name}.journal.jsonl"), redaction) as journal:
        progress = asyncio.run(_run(jobs, journal, upstreams, concurrency))
        full = full_steps(logged, journal, catalogue.names)
        told = comparison.told(full, upstreams, allowance, out) if comparison else full
        n_steps = write_step_log(out, (redact_logged_step(step, redaction) for step in told))
        _report(logged, journal, catalogue, allowance)
    say(f"{n_steps} steps written to {out}; {progress.n_done} of {progress.n_total} attempts are there")
    if comparison is not None:
        comparison.say(catalogue, f"tierwise train --log {out} --tiers {tiers} --target same-answer --out bundle")
    elif progress.n_done and not _learned(logged, journal):
        fail("no answer could be verified, so nothing was learned; compare with the top tier's instead: --compare TIER")
    _fail_where_unfinished(progress, journal)


async def _run(jobs: Sequence[Job], journal: Journal, upstreams: Upstreams, concurrency: int) -> Progress:
    progress = Progress(sum(journal.holds(job.record["step_id"], job.answerer.tier) for job in jobs), len(jobs))
    async with upstreams:
        with StageBar() as bar:
            bar("collecting", len(jobs))
            async for latest in run_jobs(jobs, journal, judge, concurrency):
                progress = latest
                bar.step()
    return progress


def _chosen(tiers: Sequence[str] | None, catalogue: TierCatalogue) -> tuple[str, ...]:
    """The tiers to call, cheapest first. Raises ``CatalogueError`` for one that is not there."""
    for name in tiers or ():
        catalogue.index(name)
    return tuple(name for name in catalogue.names if not tiers or name in tiers)


def _say_unjudged(logged: Sequence[LoggedStep]) -> None:
    n_unjudged = sum(not can_be_judged(logged_step_to_dict(step)) for step in logged)
    if n_unjudged:
        say(
            f"{n_unjudged} of {len(logged)} steps have no verify, response_schema or tools: their attempts will be "
            "logged with unknown success, from which nothing is learned"
        )


def _fail_where_unfinished(progress: Progress, journal: Journal) -> None:
    if progress.stopped_by or progress.n_unanswered:
        reason = progress.stopped_by or f"{progress.n_unanswered} calls got no reply, the last: {progress.last_error}"
        fail(f"{reason}. Run the same command again to go on from {journal.path}")


def _learned(logged: Sequence[LoggedStep], journal: Journal) -> bool:
    attempts = (attempt for step in logged for attempt in journal.attempts_of(step.step_id).values())
    return any(attempt["success"] is not None for attempt in attempts)


def _report(logged: Sequence[LoggedStep], journal: Journal, catalogue: TierCatalogue, allowance: Allowance) -> None:
    rows = []
    for name in catalogue.names:
        found = [attempts[name] for step in logged if name in (attempts := journal.attempts_of(step.step_id))]
        known = [attempt for attempt in found if attempt["success"] is not None]
        passed = sum(attempt["success"] for attempt in known)
        cost_usd = sum(attempt.get("cost_usd") or 0.0 for attempt in found)
        rate = f"{passed / len(known):.1%}" if known else "unknown"
        rows.append((name, str(len(found)), rate, f"{cost_usd:.6f}"))
    print_table("Collected", ("tier", "attempts", "passed", "cost USD"), rows)
    say(f"{allowance.spent_usd:.6f} USD spent in this run")
