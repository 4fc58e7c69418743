"""The other parts of RESULTS.md: foreign sources, learning curves, guarantee, off-policy, stability, attacks."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.decisions.masks import KINDS
from benchmarks.decisions.pages.render import share
from tierwise.training.evaluation.reporting.tables import markdown_table


def sources_page(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    header = ("tested source", "contestant", "steps of it added", "loss", "saving", "unfamiliar", "tested steps")
    cells = [
        (
            row["source"],
            row["contestant"],
            str(row["n_added"]),
            share(row["loss"]),
            share(row["saving"]),
            f"{row['p_unfamiliar']:.0%}",
            f"{row['n_test']:,}",
        )
        for row in rows
    ]
    return [
        "## Sources that the router never saw",
        "",
        "Trained on the others (at most 1,000 steps of each), tested on this one; then with logged steps of it added.",
        "",
        markdown_table([header, *cells]),
    ]


def learning_curves_page(figures: Mapping[str, Any]) -> list[str]:
    """Skill by kind and size, then each kind's share of the skill of full information at the largest size."""
    points = {(point["kind"], point["n_steps"]): point for point in figures["points"]}
    sizes = sorted({n_steps for _, n_steps in points})
    header = ("steps", *KINDS)
    skills = [[f"{size:,}", *(_skill(points[kind, size]) for kind in KINDS)] for size in sizes]
    savings = [[f"{size:,}", *(_saving(points[kind, size]) for kind in KINDS)] for size in sizes]
    attempts = [f"{kind} {points[kind, sizes[-1]]['n_attempts']:,}" for kind in KINDS]
    return [
        "## As the log grows",
        "",
        f"Five kinds of log made from {figures['log']}, tested on the same {figures['n_test']:,} steps. Skill:",
        "",
        markdown_table([header, *skills]),
        "",
        "Saving (and loss) at the certified 3 % point:",
        "",
        markdown_table([header, *savings]),
        "",
        f"Attempts at {sizes[-1]:,} steps: {', '.join(attempts)}.",
        "",
        "![Skill over the number of logged steps, by kind of log](../../docs/images/learning_curves.png)",
    ]


def _skill(point: Mapping[str, Any]) -> str:
    return "-" if point["skill"] is None else f"{point['skill']['value']:+.3f}"


def _saving(point: Mapping[str, Any]) -> str:
    return f"{point['saving']['value']:.0%} ({point['loss']['value']:.1%})"


def off_policy_page(figures: Mapping[str, Any]) -> list[str]:
    coverage = figures["coverage"]
    header = ("estimator, reward", "logs", "interval covers the truth", "mean width, relative")
    cells = [
        (row["name"], str(row["n"]), f"{row['coverage']:.1%}", f"{row['relative_width']:.1%}")
        for row in coverage["rows"]
    ]
    masked_header = ("log", "policy", "true success", "doubly robust", "SNIPS", "IPS", "effective n")
    text = (
        f"{coverage['n_logs']} synthetic logs of {coverage['n_steps']:,} steps, each from its own world; "
        f"{coverage['n_refused']} were refused for lack of overlap. The doubly robust model is wrong on purpose."
    )
    return [
        "## Off-policy estimates",
        "",
        text,
        "",
        markdown_table([header, *cells]),
        "",
        f"Real outcomes ({figures['log']}), masked to what such a log would show, beside the known answer:",
        "",
        markdown_table([masked_header, *(_masked_cells(row) for row in figures["masked"])]),
    ]


def _masked_cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    start = (row["log"], row["policy"], f"{100 * row['true_success']:.1f} %")
    if "refused" in row:
        return (*start, "refused", "refused", "refused", "-")
    estimates = [share(row[method] and row[method]["success"]) for method in ("dr", "snips", "ips")]
    return (*start, *estimates, f"{row['n_effective']:,.0f}")


def stability_page(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    header = ("log", "change", "loss", "saving")
    cells = [
        (log["log"], row["change"], f"{row['loss']:.1%}", f"{row['saving']:.1%}") for log in logs for row in log["rows"]
    ]
    spreads = ", ".join(f"{log['log']} {100 * log['spread']:.1f} points" for log in logs)
    return [
        "## Stability of the operating point",
        "",
        "The same training and test steps (first fold), with folds and boosting redrawn, and with the rows reordered.",
        "",
        markdown_table([header, *cells]),
        "",
        f"Largest minus smallest saving: {spreads}.",
    ]


def attacks_page(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    header = ("log", "words around the prompt", "to a dearer tier", "to a cheaper tier", "cost", "loss")
    cells = [(log["log"], *_attack(row)) for log in logs for row in log["rows"]]
    return [
        "## Words that should move nothing",
        "",
        "Held-out steps (first fold), decided again with words around the prompt that leave the work as it is.",
        "Loss is that of success against the top tier.",
        "",
        markdown_table([header, *cells]),
    ]


def _attack(row: Mapping[str, Any]) -> tuple[str, ...]:
    loss = "-" if row["loss"] is None else f"{row['loss']:.1%}"
    return row["name"], f"{row['p_dearer']:.1%}", f"{row['p_cheaper']:.1%}", f"{row['extra_cost']:+.1%}", loss
