"""The parts of RESULTS.md on steps in other words, and on logs that know only how tasks ended."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.training.evaluation.reporting.tables import markdown_table


def paraphrases_page(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    header = (
        "log, steps, asked for",
        "rewording",
        "changes",
        "decisions moved of those",
        "to a dearer tier",
        "loss",
        "saving",
    )
    cells = [(_log(log), *_reworded(row)) for log in logs for row in log["rows"]]
    return [
        "## The same step in other words",
        "",
        "Held-out steps as they were logged and reworded by rules that keep the meaning",
        "(`benchmarks/attacks/rewordings.py`), decided by one router a fold, trained on steps as they were",
        "logged. 95 % intervals by group. RouterArena's paraphrases are not among its public files; its score is",
        "one minus the share of decisions moved.",
        "",
        markdown_table([header, *cells]),
    ]


def _log(log: Mapping[str, Any]) -> str:
    return f"{log['log']}, {log['n_steps']:,}, {log['max_quality_loss']:.0%}"


def _reworded(row: Mapping[str, Any]) -> tuple[str, ...]:
    moved = f"{row['p_moved']:.1%} [{row['low']:.1%}, {row['high']:.1%}]" if row["p_changed"] else "–"
    dearer = f"{row['p_dearer']:.1%}" if row["p_changed"] else "–"
    return row["name"], f"{row['p_changed']:.0%}", moved, dearer, f"{row['loss']:.1%}", f"{row['saving']:.1%}"


def weak_page(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    header = ("log", "labels", "AUC", "calibration error", "distance to the truth")
    cells = [
        (row["kind"], row["labels"], *(f"{row[name]:.3f}" for name in ("auc", "calibration", "distance")))
        for row in rows
    ]
    return [
        "## Only how tasks ended",
        "",
        "Worlds whose truth is known, 6,000 steps on three tiers, each run once; a task succeeds when all of them do.",
        "Means over tiers and draws, on 6,000 fresh steps: how well P(success) orders them, its calibration error in",
        "tenths, and its mean distance to the true probability.",
        "",
        markdown_table([header, *cells]),
    ]
