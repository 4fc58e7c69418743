"""The parts of RESULTS.md on dear steps, on each source and task type, and on cascades."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.decisions.pages.render import number, share
from tierwise.training.evaluation.reporting.tables import markdown_table

_UNITS = ("relative", "dollars")


def dear_page(figures: Mapping[str, Any]) -> list[str]:
    """Loss of the dear source by how many of its steps the log has."""
    rows = figures["rows"]
    keys = list(dict.fromkeys((row["source"], row["n_dear"]) for row in rows))
    header = ("dear source", "steps of it", "mean loss", "by seed", "saved", "at the top tier", "tested steps")
    cells = [_dear_row(*key, [row for row in rows if (row["source"], row["n_dear"]) == key]) for key in keys]
    others = f"at most {figures['n_most']:,} steps of each" if figures["n_most"] else "all steps"
    about = (
        f"Some steps of one source at a hundred times their cost, among {others} of the other three"
        f"{_lightly(figures)}. The rest of the source, at the same prices, is decided; loss and saving are those of it "
        "alone."
    )
    return ["## Dear parts", "", about, "", markdown_table([header, *cells])]


def _dear_row(source: str, n_dear: int, rows: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    losses = [row["loss"] for row in rows]
    return (
        source,
        str(n_dear),
        f"{np.mean(losses):.1%}",
        " ".join(f"{100 * loss:.1f}" for loss in losses) + " %",
        f"{np.mean([row['saving'] for row in rows]):.0%}",
        f"{np.mean([row['p_top'] for row in rows]):.0%}",
        f"{np.mean([row['n_test'] for row in rows]):,.0f}",
    )


def parts_page(figures: Mapping[str, Any]) -> list[str]:
    """The whole, the sources and the task types: means over the seeds."""
    rows = figures["rows"]
    header = ("part", "steps", "mean loss", "by seed", "saved, relative", "saved, dollars")
    cells = [_part_row("the whole", [row["whole"] for row in rows])]
    for kind in ("sources", "task types"):
        cells += [_part_row(name, [row[kind][name] for row in rows]) for name in rows[0][kind]]
    about = (
        f"All sources together, cross-validated by group{_lightly(figures)}, with {len(rows)} draws of the folds: "
        "first the whole, then every source, then every task type of 150 steps or more. Relative saving is that of a "
        "step against its own cost on the top tier, in the mean."
    )
    return ["## Each part", "", about, "", markdown_table([header, *cells])]


def _part_row(name: str, found: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    losses = [one["loss"] for one in found]
    return (
        name,
        f"{found[0]['n_steps']:,}",
        f"{np.mean(losses):.1%}",
        " ".join(f"{100 * loss:.1f}" for loss in losses) + " %",
        f"{np.mean([one['saving'] for one in found]):.0%}",
        f"{np.mean([one['saving_usd'] for one in found]):.0%}",
    )


def escalating_page(figures: Mapping[str, Any]) -> list[str]:
    """A table a log and catch rate, then the paired differences to the best mix of plain cascades."""
    about = (
        f"Steps held out by group{_lightly(figures)}; a failure that the verifier catches sends the step one tier up. "
        "A plain cascade asks the same tiers in the same order for every step. The best mix of them is chosen with the "
        "outcomes of the very steps that it is measured on. [ ] are paired 95 % intervals of a bootstrap by group; "
        "above 0 the learned start is better."
    )
    lines = ["## With a verifier: learned starts and plain cascades", "", about, ""]
    for log in figures["logs"]:
        for found in log["rates"]:
            title = f"### {log['log']}: {log['n_steps']:,} steps, {found['catch_rate']:.0%} of failures caught"
            lines += [title, "", _runs_table(found), "", *_differences(found), ""]
    return lines


def _runs_table(found: Mapping[str, Any]) -> str:
    header = ("asked", "success", "loss", "saved, relative", "saved, dollars")
    rows = [
        (run["name"], share(run["success"]), share(run["loss"]), *(share(run[f"saving_{unit}"]) for unit in _UNITS))
        for run in found["runs"]
    ]
    return markdown_table([header, *rows])


def _differences(found: Mapping[str, Any]) -> list[str]:
    learned, *plain = (run["success"]["value"] for run in found["runs"])
    note = "; no mix succeeds as often, the most successful one stands in" if learned > max(plain) else ""
    return [
        f"- Costs {unit}: success at equal cost {number(one['success_at_equal_cost'])}, saving at equal success "
        f"{number(one['saving_at_equal_success'])} against the best mix{note}."
        for unit, one in found["differences"].items()
    ]


def _lightly(figures: Mapping[str, Any]) -> str:
    return " (smaller boosters, one draw of the inner folds)" if figures["is_light"] else ""
