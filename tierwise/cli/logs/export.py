"""``tierwise export``: a decision log becomes a folder of Parquet files by day, for training and for other tools."""

import time
from collections import Counter
from typing import Annotated

import typer

from tierwise.cli.console import StageBar, say
from tierwise.cli.moments import parse_mark
from tierwise.cli.sources import RedactionOption
from tierwise.data.program.extras import needs_extra
from tierwise.data.sensitive.redaction import Redaction

DATABASE_TIMEOUT_SECONDS = 300.0


def export(
    log: Annotated[str, typer.Option(help="Database URL of the decision log.")],
    out: Annotated[str, typer.Option(help="Folder, or an address that fsspec knows, such as s3://bucket/log.")],
    since: Annotated[
        str | None, typer.Option(help="First day: a date, or a span before now such as 30d; default: all.")
    ] = None,
    shrink: Annotated[
        bool, typer.Option(help="Write days anew that hold less than their file, because rows were deleted.")
    ] = False,
    redaction: RedactionOption = Redaction.REDACTED,
) -> None:
    """Write a decision log as Parquet files, one a day; a second run writes only what has changed."""
    with needs_extra("export"):
        from tierwise.data.decision_log import DecisionLog
        from tierwise.data.decision_log.export import ExportFolder
        from tierwise.data.decision_log.views.days import all_dates
    first = 0.0 if since is None else parse_mark(since, time.time()) // 86_400 * 86_400
    fates: Counter[str] = Counter()
    n_steps = 0
    with DecisionLog.open(log, DATABASE_TIMEOUT_SECONDS, must_exist=True) as opened, StageBar() as progress:
        dates = opened.ask(lambda connection: all_dates(connection, first))
        progress("exporting days", len(dates))
        for day in ExportFolder(out, redaction).bring(opened, dates, shrink):
            fates[day.fate] += 1
            n_steps += day.n_steps if day.fate == "written" else 0
            progress.step()
    if not fates:
        say("The log holds no decisions of that time; nothing was exported.")
        return
    say(f"{out}: {fates['written']} day(s) with {n_steps:,} step(s) written, {fates['unchanged']} unchanged")
    if fates["kept"]:
        say(f"{fates['kept']} day(s) hold less in the log than in their file and were kept; --shrink writes them anew.")
