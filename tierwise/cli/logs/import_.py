"""``tierwise import``: what other tools logged becomes a step log that ``train``, ``evaluate`` and ``tax`` read."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import StageBar, say, say_malformed
from tierwise.cli.learning.train import TiersOption
from tierwise.cli.sources import RedactionOption, read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import LogError
from tierwise.data.importers import FORMATS, ForeignLogError, ImportMap, ImportReport, import_records
from tierwise.data.importers.account import describe_import, describe_unused
from tierwise.data.importers.assembling.models import suggest_tiers
from tierwise.data.importers.detect import OWN, detect_format
from tierwise.data.importers.examples import describe_step, pick_examples
from tierwise.data.importers.merge import merge_into
from tierwise.data.importers.reading.records import Record
from tierwise.data.program.extras import needs_extra
from tierwise.data.records import LoggedStep
from tierwise.data.sensitive.redaction import Redaction, redact_logged_step
from tierwise.data.step_log import write_quarantine

_MAX_SHOWN = 5
_FIRST_SAMPLE = 600
_KNOWN = ", ".join([*FORMATS, OWN])


def import_log(
    sources: Annotated[list[str], typer.Argument(help="Files of the format; for mlflow and tierwise also addresses.")],
    format_name: Annotated[
        str | None, typer.Option("--from", help=f"Format, where the files do not show it: {_KNOWN}.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Step log to add to: .jsonl, .jsonl.gz or .parquet.")] = None,
    tiers: TiersOption = None,
    mapping_file: Annotated[
        Path | None, typer.Option("--map", help="map.toml: which verdicts mean success, where names stand.")
    ] = None,
    experiment: Annotated[
        list[str] | None, typer.Option(help="MLflow experiment to read from a tracking address; repeatable.")
    ] = None,
    is_check: Annotated[
        bool, typer.Option("--check", help="Show what would be imported, with three example steps; write nothing.")
    ] = False,
    answers: Annotated[
        bool, typer.Option(help="Keep the logged answers, so that those of cheaper tiers can be compared with them.")
    ] = True,
    redaction: RedactionOption = Redaction.REDACTED,
) -> None:
    """Turn a foreign log into a step log. Importing the same records twice adds nothing."""
    catalogue = TierCatalogue.load(tiers)
    mapping = ImportMap.load(mapping_file)
    if format_name is None:
        format_name = detect_format(sources, mapping)
        say(f"Format: {format_name}.")
    if is_check:
        _check(format_name, sources, catalogue, mapping, experiment)
        return
    if out is None:
        raise ForeignLogError("--out is missing; name the step log to add to, or look first with --check")
    quarantine = out.with_name(f"{out.name}.quarantine.jsonl")
    if format_name == OWN:
        _merge(out, read_logs(sources, catalogue, quarantine), redaction)
        return
    report = _read(format_name, sources, catalogue, mapping, experiment, answers)
    quarantine.unlink(missing_ok=True)
    if report.malformed:
        write_quarantine(quarantine, report.malformed)
    for line in describe_import(report):
        say(line)
    for line in describe_unused(report, mapping):
        say(line)
    say_malformed(report.malformed, len(report.malformed), str(quarantine))
    _say_unknown_models(report, tiers, out.with_name(f"{out.name}.tiers.toml"))
    if not report.assembled.steps:
        raise LogError(f"{', '.join(sources)}: no step could be imported; the counts above say why")
    _merge(out, report.assembled.steps, redaction)
    _say_next(report, catalogue, tiers, out)


def _say_next(report: ImportReport, catalogue: TierCatalogue, tiers: Path | None, out: Path) -> None:
    """What a log without a verdict is good for; nothing where it has some."""
    if any(attempt.success is not None for step in report.assembled.steps for attempt in step.attempts):
        return
    top, sample = catalogue.names[-1], min(len(report.assembled.steps), _FIRST_SAMPLE)
    say("No success is known, and none is needed: ask the cheaper tiers the same, and compare. Next:")
    say(
        f"  tierwise collect --steps {out} --tiers {tiers or 'tiers.toml'} --compare {top} --sample {sample} "
        "--budget-usd 5 --out compared.jsonl"
    )


def _read(
    format_name: str,
    sources: list[str],
    catalogue: TierCatalogue,
    mapping: ImportMap,
    experiments: list[str] | None,
    answers: bool = True,
) -> ImportReport:
    if format_name not in FORMATS:
        raise ForeignLogError(f"--from {format_name} is no format; known are {_KNOWN}")
    with StageBar() as progress:
        progress("importing", 1)
        records = _records(format_name, sources, mapping, experiments)
        return import_records(format_name, records, catalogue, mapping, answers)


def _check(
    format_name: str, sources: list[str], catalogue: TierCatalogue, mapping: ImportMap, experiments: list[str] | None
) -> None:
    """The account of an import and some of its steps, and nothing else: no file is written."""
    if format_name == OWN:
        raise ForeignLogError(f"--check looks at foreign logs; what {OWN} logged is taken over as it is")
    report = _read(format_name, sources, catalogue, mapping, experiments)
    for line in describe_import(report):
        say(line)
    for bad in report.malformed[:_MAX_SHOWN]:
        say(f"  malformed: {bad}")
    if report.assembled.unknown_models:
        say("Models in no tier would be left out; by list price they would stand so:")
        say("\n".join(f"  {line}" for line in suggest_tiers(report.assembled.unknown_models).splitlines()))
    examples = pick_examples(report.assembled.steps)
    say(f"{len(examples)} of the steps:" if examples else "No step would be imported; the counts above say why.")
    for step in examples:
        say("\n".join(describe_step(step)))
    say("Nothing was written. Run again with --out and without --check to import.")


def _records(
    format_name: str, sources: list[str], mapping: ImportMap, experiments: list[str] | None
) -> Iterator[Record]:
    if format_name == "mlflow" and any("://" in source for source in sources):
        with needs_extra("train"):
            from tierwise.training.runs.trace_source import read_tracked_traces
        for source in sources:
            yield from read_tracked_traces(source, experiments or [], mapping)
        return
    yield from FORMATS[format_name].read([Path(source) for source in sources], mapping)


def _say_unknown_models(report: ImportReport, tiers: Path | None, proposal: Path) -> None:
    """Without a tiers.toml of one's own, a proposal is written that can be passed as it is."""
    unknown = report.assembled.unknown_models
    if not unknown:
        return
    text = suggest_tiers(unknown)
    if tiers is None:
        proposal.write_text(text, encoding="utf-8")
        say(f"No tier names these models. Look at the proposal in {proposal}, then import with --tiers {proposal}:")
    else:
        say(f"Models in no tier were left out. Put them into {tiers} and import again; a start, by list price:")
    say("\n".join(f"  {line}" for line in text.splitlines()))


def _merge(out: Path, steps: Sequence[LoggedStep], redaction: Redaction) -> None:
    count = merge_into(out, [redact_logged_step(step, redaction) for step in steps])
    say(f"{out}: {count.n_new} new step(s), {count.n_changed} changed, {count.n_unchanged} there already")
