"""Courses beside single shots, as a part of the report."""

from collections.abc import Sequence

from tierwise.training.evaluation.cascades.course_rows import CourseRow
from tierwise.training.evaluation.cascades.courses import CourseReport
from tierwise.training.evaluation.errors import Refusal
from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.reporting.tables import markdown_table, percent

COURSES_PICTURE = "courses.png"
_HEADER = ("way", "loss vs top", "answers differ", "saved, dollars", "saved, a step", "more than single", "end at top")
_TIMED = ("median, s", "95th percentile, s")
_UNDER = (
    "Every call is paid. *Answers differ* from the top tier's also where they cannot be compared; that bounds the "
    "success that is lost in absolute terms and needs no label. *Equal or top* uses the dearer of two cheap answers "
    "where they are equal on a key that many answers were possible for. *Learned acceptance* takes on every step the "
    "surest answers that are together expected to lose what may be lost; *courses, as certified* are what serves. "
    "Plain cascades are the best of their catch rate, picked afterwards. The oracles ask both cheap tiers and know "
    "which answer is right, or the same as the top tier's. *More than single* is paired, in points of what is saved a "
    "step. Seconds are those of the log's calls, the cheap ones side by side and the top tier's after them."
)


def course_parts(report: CourseReport | Refusal | None, pictures: Sequence[str] = ()) -> list[str]:
    """The paragraphs; none where nobody asked for courses."""
    if report is None:
        return []
    title = "## After the answer: courses beside single shots"
    if isinstance(report, Refusal):
        return [title, f"Not measured: {report.reason}."]
    known = f"{report.n_labelled:,} of them know the top tier's success" if report.n_labelled else "no outcome is known"
    what = "answers that differ" if report.target == "same-answer" else "loss of success"
    about = f"{report.n_steps:,} steps hold the answers of every tier; {known}."
    asked = f"Asked for: at most {report.max_loss:.1%} {what}."
    parts = [title, f"{about} {asked}", _table(report.rows), _UNDER]
    if COURSES_PICTURE in pictures:
        parts.append(f"![What is saved by every way, over what is lost or differs]({COURSES_PICTURE})")
    for name, rows in report.parts.items():
        parts += [f"**{report.part_field}: {name or '(none)'}** ({rows[0].saving.n:,} steps)", _table(rows)]
    return parts


def _table(rows: Sequence[CourseRow]) -> str:
    """With how long steps take where the log tells."""
    is_timed = any(row.p50_ms is not None for row in rows)
    header = (*_HEADER, *_TIMED) if is_timed else _HEADER
    return markdown_table([header, *(_cells(row, is_timed) for row in rows)])


def _cells(row: CourseRow, is_timed: bool) -> tuple[str, ...]:
    estimates: tuple[Estimate | None, ...] = (
        row.loss, row.different, row.saving, row.saving_relative, row.more, row.at_top,
    )  # fmt: skip
    times = tuple("-" if each is None else f"{each / 1000:.2f}" for each in (row.p50_ms, row.p95_ms))
    return (row.name, *map(percent, estimates), *(times if is_timed else ()))
