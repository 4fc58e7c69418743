"""The result table as Markdown, readable as plain text too."""

from collections.abc import Sequence

from tierwise.training.evaluation.estimate import Estimate
from tierwise.training.evaluation.reporting.table_rows import TableRow

_HEADER = ("policy", "success", "loss vs top", "cost of 1,000 steps, USD", "saved, dollars", "saved, a step")


def result_table(rows: Sequence[TableRow]) -> str:
    """One line a policy: value and 95 % interval of success, loss, cost and both savings.

    What could not be measured is a dash, with the reason below the table.
    """
    cells = [_HEADER, *(_cells(row) for row in rows)]
    reasons = [f"- {row.name}: {row.refused}" for row in rows if row.refused]
    lines = markdown_table(cells)
    return "\n".join([lines, "", *reasons]) if reasons else lines


def markdown_table(cells: Sequence[Sequence[str]]) -> str:
    """``cells`` with the header first, padded so that columns line up; all but the first column to the right."""
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [text.ljust(width) if column == 0 else text.rjust(width) for column, (text, width) in enumerate(pairs)]
        for pairs in (list(zip(row, widths, strict=True)) for row in cells)
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in [padded[0], rule, *padded[1:]])


def _cells(row: TableRow) -> tuple[str, ...]:
    return (
        row.label,
        percent(row.success),
        percent(row.loss),
        thousand_steps_usd(row.cost_usd),
        percent(row.saving),
        percent(row.saving_relative),
    )


def percent(estimate: Estimate | None) -> str:
    """``74.3 % [73.3, 75.3]``, a dash for None."""
    if estimate is None:
        return "-"
    value, low, high = (_signless_zero(100 * x) for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} % [{low}, {high}]"


def thousand_steps_usd(estimate: Estimate | None) -> str:
    """The mean cost of a step as the cost of a thousand, with three digits that count."""
    if estimate is None:
        return "-"
    value, low, high = (f"{1000 * x:.3g}" for x in (estimate.value, estimate.low, estimate.high))
    return f"{value} [{low}, {high}]"


def _signless_zero(value: float) -> str:
    text = f"{value:.1f}"
    return "0.0" if text == "-0.0" else text
