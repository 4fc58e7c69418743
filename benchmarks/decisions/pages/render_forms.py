"""The parts of RESULTS.md on the same step in other forms, and on steps of agents."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.training.evaluation.reporting.tables import markdown_table


def forms_page(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    header = (
        "log, steps, asked for",
        "form",
        "says the same",
        "decisions equal",
        "unfamiliar",
        "at the top",
        "loss",
        "saving",
    )
    cells = [(_log(log), *_cells(row)) for log in logs for row in log["rows"]]
    return [
        "## The same step in other forms",
        "",
        "Held-out steps (first fold) as they were logged and in other forms, decided by one router that was trained on",
        "steps as they were logged. Where at least half of them get the top tier at 3 %, 10 % is asked for.",
        "",
        markdown_table([header, *cells]),
    ]


def _log(log: Mapping[str, Any]) -> str:
    return f"{log['log']}, {log['n_steps']:,}, {log['max_quality_loss']:.0%}"


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    shares = (row[name] for name in ("p_equal", "p_unfamiliar", "p_top", "loss", "saving"))
    return row["form"], "yes" if row["says_the_same"] else "no", *(f"{share:.1%}" for share in shares)


def twin_page(figures: Mapping[str, Any]) -> list[str]:
    header = ("router", "row pass", "exact match", "trajectory pass", "saving")
    cells = [(row["name"], *(f"{row[name.replace(' ', '_')]:.1%}" for name in header[1:])) for row in figures["rows"]]
    counts = f"{figures['n_steps']} rows of TwinRouterBench in {figures['n_tasks']} tasks, {figures['n_folds']} folds"
    return [
        "## Steps of agents",
        "",
        f"{counts} by instance, weak labels, assumed prices. Row pass: the tier was enough; exact match: it was the",
        "cheapest that was; trajectory pass: all rows of a task passed.",
        "",
        markdown_table([header, *cells]),
    ]
