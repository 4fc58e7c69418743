"""Courses beside single shots, as ``tierwise evaluate`` prints them."""

from typing import TYPE_CHECKING

from tierwise.cli.console import print_table, say

if TYPE_CHECKING:
    from tierwise.training.evaluation.cascades.course_rows import CourseRow
    from tierwise.training.evaluation.cascades.courses import CourseReport
    from tierwise.training.evaluation.errors import Refusal
    from tierwise.training.evaluation.estimate import Estimate

_MAX_PARTS = 12


def print_courses(report: "CourseReport | Refusal | None") -> None:
    """The table of all ways to use answers, and one line a part; nothing where the log holds no answers."""
    from tierwise.training.evaluation.cascades.courses import CourseReport

    if not isinstance(report, CourseReport):
        return
    columns = ["way", "loss of success", "answers differ", "saved, a step", "more than single shots"]
    rows = [
        [row.name, *(_shown(each) for each in (row.loss, row.different, row.saving_relative, row.more))]
        for row in report.rows
    ]
    if report.rows[0].p50_ms is not None:
        columns.append("median / 95 %, s")
        rows = [[*cells, _seconds(row)] for cells, row in zip(rows, report.rows, strict=True)]
    print_table(f"Courses on the {report.n_steps} steps that hold every answer", columns, rows)
    say("Every call is paid. An answer that cannot be compared with the top tier's differs. Learned acceptance takes")
    say(f"the surest answers that are together expected to lose {report.max_loss:.1%}; courses as certified serve.")
    _print_parts(report)


def _print_parts(report: "CourseReport") -> None:
    """Without the cascades, which the report has."""
    from tierwise.training.evaluation.cascades.courses import COURSES, EQUAL, LEARNED_ONE, LEARNED_TWO, ORACLE, SINGLE

    names = ["single", "equal or top", "learned: one", "learned: two", "courses", "oracle"]
    ways = dict(zip((SINGLE, EQUAL, LEARNED_ONE, LEARNED_TWO, COURSES, ORACLE), names, strict=True))
    shown = [row.name for row in report.rows if row.name in ways]
    cells = []
    for part, rows in list(report.parts.items())[:_MAX_PARTS]:
        found = {row.name: _short(row.saving_relative, row.loss or row.different) for row in rows}
        cells.append([part or "(none)", str(rows[0].saving.n), *(found[name] for name in shown)])
    if cells:
        title = f"By {report.part_field}: saved a step / lost, %"
        print_table(title, [report.part_field, "n", *(ways[name] for name in shown)], cells)
    if len(report.parts) > _MAX_PARTS:
        say(f"{len(report.parts) - _MAX_PARTS} smaller ones are in --json and --report.")


def _seconds(row: "CourseRow") -> str:
    if row.p50_ms is None or row.p95_ms is None:
        return "–"
    return f"{row.p50_ms / 1000:.2f} / {row.p95_ms / 1000:.2f}"


def _shown(estimate: "Estimate | None") -> str:
    if estimate is None:
        return "–"
    value, low, high = (_percent(each) for each in (estimate.value, estimate.low, estimate.high))
    return f"{value}% [{low}, {high}]"


def _short(saving: "Estimate", lost: "Estimate | None") -> str:
    return f"{_percent(saving.value)} / {'–' if lost is None else _percent(lost.value)}"


def _percent(share: float) -> str:
    text = f"{100 * share:.1f}"
    return "0.0" if text == "-0.0" else text
