"""RESULTS.md: what was measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import save_figures
from tierwise.training.evaluation.bootstrap import Bootstrap
from tierwise.training.evaluation.reporting.tables import markdown_table

TOP = "loop: top tier"
FROM_TASK = 10
_TIERS = ("small", "mid", "frontier")
_INTRODUCTION = """# Tasks of many steps

Written by `python -m benchmarks.long_tasks`; every figure stands in `results/` as JSON. Small and mid are real local
models, whose answers are kept in `answers.jsonl.gz`. **The top tier is simulated everywhere**: a script that knows the
right next call, priced as a frontier model. So its success is 100 % by construction. [ ] are 95 % intervals of a
bootstrap by task; differences are paired.
"""


def save(out: Path, section: str, figures: Any) -> None:
    """Writes ``results/SECTION.json`` under ``out``, and RESULTS.md anew from all that is there."""
    save_figures(out, {section: figures}, _results_page)


def _results_page(sections: Mapping[str, Any]) -> str:
    return "\n".join([_INTRODUCTION, *(page(sections[name]) for name, page in _PAGES.items() if name in sections)])


def features_page(figures: Mapping[str, Any]) -> str:
    """Both views of the router, and whole tasks on the sample."""
    rates = ", ".join(f"{tier} {rate:.0%}" for tier, rate in figures["rates"].items())
    header = ("", "without", "with", "difference", "log loss without", "with")
    rows = [header]
    for tier in figures["tiers"]:
        error = f" ± {tier['standard_error']:.3f}" if tier["standard_error"] is not None else ""
        rows.append(
            (
                f"AUC, {tier['tier']}",
                f"{tier['auc']['without']:.3f}",
                f"{tier['auc']['with']:.3f}",
                f"{tier['difference']:+.3f}{error} {_between(tier['interval'], '+.3f')}",
                f"{tier['log_loss']['without']:.3f}",
                f"{tier['log_loss']['with']:.3f}",
            )
        )
    skill = figures["skill"]
    told = f"{skill['difference']:+.3f} {_between(skill['interval'], '+.3f')}"
    rows.append(("skill", f"{skill['without']:+.3f}", f"{skill['with']:+.3f}", told, "", ""))
    tasks = [("tier by", "steps right", "all steps of a task right", "all but one", "of the top tier's dollars")]
    tasks += [
        (row["name"], *(_share(row[name]) for name in ("steps", "tasks", "tasks_but_one", "of_top")))
        for row in figures["tasks"]
    ]
    counts = (
        f"{figures['n_steps']:,} steps of the sample in {figures['n_tasks']} tasks ({rates}), {figures['n_folds']} "
        f"folds by task, {figures['n_draws']} draws of the folds"
    )
    return f"""## What happened before a step

{counts}; ± is the standard error over
draws. Both views hold the same words; only the marks that tell which of them were calls are taken away.

{markdown_table(rows)}

## Whole tasks, step by step as they were logged

Each step as it stands in the log: whether the chosen tier's call makes progress. A wrong call costs an agent steps, not
always the task. The cascades have a verifier that knows; the others have none.

{markdown_table(tasks)}
"""


def study_page(figures: Mapping[str, Any], bootstrap: Bootstrap | None = None) -> str:
    """Every arm over the same tasks, and the arms on later tasks."""
    arms, later = figures["arms"], figures["later"]
    n, kinds = len(arms[TOP]), ", ".join(figures["kinds"])
    return f"""## Whole tasks, run

{n} tasks of {len(figures["kinds"])} kinds ({kinds}) that the sample does not hold, kinds taking turns. Shares of calls
are small / mid / frontier. *From the {FROM_TASK}th* counts the tasks of a kind from the tenth on. Seconds are those of
the local models for a task; the simulated tier has none.

{markdown_table(_rows(arms, arms[TOP], bootstrap or Bootstrap()))}

The tasks after the first {figures["n_recorded"]} of each kind, decided by a router that was trained on what *plans:
rules* had recorded of these:

{markdown_table(_rows(later, arms[TOP], bootstrap or Bootstrap()))}
"""


def _rows(arms: Mapping[str, Sequence[Any]], top: Sequence[Any], bootstrap: Bootstrap) -> list[tuple[str, ...]]:
    header = (
        "arm", "tasks done", "minus top", "USD a task", "of the top's", "calls, %", "planning",
        f"planning from the {FROM_TASK}th", f"of the top's from the {FROM_TASK}th", "seconds",
    )  # fmt: skip
    by_name = {ran["task_id"]: ran for ran in top}
    return [
        header,
        *(_row(name, ran, [by_name[each["task_id"]] for each in ran], bootstrap) for name, ran in arms.items()),
    ]


def _row(name: str, ran: Sequence[Any], top: Sequence[Any], bootstrap: Bootstrap) -> tuple[str, ...]:
    seen: dict[str, int] = {}
    is_late = []
    for each in ran:
        seen[each["kind"]] = seen.get(each["kind"], 0) + 1
        is_late.append(seen[each["kind"]] >= FROM_TASK)
    done, usd, planned, top_done, top_usd = (
        np.array([float(each[key]) for each in rows])
        for rows, key in ((ran, "is_done"), (ran, "usd"), (ran, "planning_usd"), (top, "is_done"), (top, "usd"))
    )
    late = np.array(is_late, dtype=float)
    columns = np.column_stack([done, top_done, usd, top_usd, planned, usd * late, planned * late, top_usd * late])
    sums, n = bootstrap.sums(columns, np.arange(len(ran))), len(ran)
    with np.errstate(invalid="ignore", divide="ignore"):
        shares = {
            "done": sums[:, 0] / n,
            "minus": (sums[:, 0] - sums[:, 1]) / n,
            "of_top": sums[:, 2] / sums[:, 3],
            "planning": sums[:, 4] / sums[:, 2],
            "late": sums[:, 6] / sums[:, 5],
            "late_top": sums[:, 5] / sums[:, 7],
        }
    found = {key: bootstrap.estimate(values, n, n) for key, values in shares.items()}
    cells = {key: _share([each.value, each.low, each.high]) for key, each in found.items()}
    calls = [sum(each["calls"].get(tier, 0) for each in ran) for tier in _TIERS]
    seconds = sum(each["seconds"] for each in ran) / n
    is_planned = planned.sum() > 0
    return (
        name,
        cells["done"],
        cells["minus"],
        f"{usd.mean():.5f}",
        cells["of_top"],
        " / ".join(f"{100 * count / max(1, sum(calls)):.0f}" for count in calls),
        f"{found['planning'].value:.0%}" if is_planned else "–",
        f"{found['late'].value:.0%}" if is_planned and late.any() else "–",
        cells["late_top"] if late.any() else "–",
        f"{seconds:.0f}",
    )


def _share(values: Sequence[float]) -> str:
    value, low, high = values
    return f"{100 * value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]"


def _between(interval: Sequence[float], form: str) -> str:
    return f"[{interval[0]:{form}}, {interval[1]:{form}}]"


_PAGES = {"features": features_page, "study": study_page}
