"""The contest of cascades as a part of RESULTS.md."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tierwise.training.evaluation.reporting.tables import markdown_table

_INTRODUCTION = """Real answers of real models. Cost counts every call and is relative to each step's own top-tier call;
loss is that of success, relative to the top tier's. Knobs are set by task type on steps that are not decided, with 1.28
standard errors of margin, as 90 % confidence asks: no certificate. "Courses as certified" are what a user gets: a
router with smaller boosters trained on the same steps, playing the courses of its menu, certified with 90 %
confidence. In the columns of the sources: loss / saving, %. More: points saved more than by single shots at the same
promise, with the paired 95 % interval of the first seed."""


_SAMPLE = """Small's and mid's answers were executed again with the log-probabilities of their tokens
(`data/samples/asked_again.jsonl.gz`), frontier's are simulated and have none. Folds hold whole templates; cost counts
every call, relative to the step's own on frontier; knobs are set by task type on steps that are not decided, with 1.28
standard errors of margin, as 90 % confidence asks: no certificate. [ ] are 95 % intervals of a bootstrap by template,
those of differences paired, over the mean of the seeds."""
_TIMES = """**How long a caller waits**, p50 / p95 in seconds, played on the same held-out steps. Small's and mid's
times are as they stand in the log: local models on one processor core, one call at a time. Frontier never ran: **its
times are assumed**, drawn for each step from mid's logged ones and multiplied as the columns say. The verifier of plain
cascades is taken to miss nothing and to need no time. Judging answers, and the service, are not in it: `python -m
benchmarks.serving.courses` plays whole calls."""


def sample_answers_page(figures: Mapping[str, Any]) -> list[str]:
    """A table of ways, then what one saves more than another at the same promise, and how long a caller waits."""
    about = (
        f"{figures['n_steps']:,} steps of {figures['n_templates']} templates have them; the other steps of the log's "
        f"{figures['n_learned']:,} are learned from without."
    )
    lines = ["## One answer with its log-probabilities", "", f"{_SAMPLE} {about}"]
    return [*lines, *_ways_tables(figures), *times_table(figures["times"])]


def resampled_page(figures: Mapping[str, Any]) -> list[str]:
    """The same tables on the steps that mid was asked further times."""
    about = (
        f"Mid was asked {figures['n_further']} further times, at temperature 0.7, for {figures['n_steps']:,} steps of "
        f"{figures['n_templates']} templates in a random order; the other steps of the log's {figures['n_learned']:,} "
        "are learned from without. Every answer is paid for."
    )
    return ["## Further answers of the same model", "", about, *_ways_tables(figures)]


def _ways_tables(figures: Mapping[str, Any]) -> list[str]:
    header, pairs = ("way", "promise", "lost", "saved"), [("way", "more than", "promise", "points more saved")]
    rows, interval = figures["rows"], "{value:.1f} [{low:.1f}, {high:.1f}]"
    for row in rows:
        pairs += [
            (row["way"], other, f"{row['max_loss']:.0%}", interval.format(**_in_percent(more)))
            for other, more in row["more_than"].items()
        ]
    cells = [
        (
            row["way"],
            f"{row['max_loss']:.0%}",
            *(interval.format(**_in_percent(row[name])) for name in ("loss", "saving")),
        )
        for row in rows
    ]
    told = [("who says that mid is right", "AUC"), *((name, f"{auc:.3f}") for name, auc in figures["auc"].items())]
    return ["", markdown_table([header, *cells]), "", markdown_table(pairs), "", markdown_table(told)]


def times_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """What ``answer_times.time_rows`` found, in seconds."""
    assumed = list(rows[0]["waited"])
    header = ("way", "promise", "ends on frontier", *(f"frontier as {factor} × mid" for factor in assumed))
    cells = [
        (
            row["way"],
            "" if row["max_loss"] is None else f"{row['max_loss']:.0%}",
            f"{row['at_top']:.0%}",
            *(f"{ms['p50_ms'] / 1000:.1f} / {ms['p95_ms'] / 1000:.1f}" for ms in row["waited"].values()),
        )
        for row in rows
    ]
    return ["", _TIMES, "", markdown_table([header, *cells])]


def _in_percent(estimate: Mapping[str, Any]) -> dict[str, float]:
    return {name: 100 * estimate[name] for name in ("value", "low", "high")}


def cascades_page(figures: Sequence[Mapping[str, Any]]) -> list[str]:
    """One table a part of the benchmark, the mean over its seeds."""
    lines = [
        "## After the answer: a contest of cascades",
        "",
        _INTRODUCTION,
    ]
    for part in figures:
        rows = part["rows"]
        sources = sorted(rows[0][0]["sources"])
        header = ("contestant", "promise", "loss", "saving", "differs from top", "more", *sources)
        cells = [_cells([seed[place] for seed in rows], sources) for place in range(len(rows[0]))]
        lines += [
            "",
            f"**{part['name']}** ({part['n_steps']:,} steps, {len(rows)} seeds)",
            "",
            markdown_table([header, *cells]),
        ]
    return lines


def _cells(rows: Sequence[Mapping[str, Any]], sources: Sequence[str]) -> tuple[str, ...]:
    first = rows[0]
    low, high = (_mean([first["more_than_single"][end]]) for end in ("low", "high"))
    interval = f"[{low}, {high}]"
    by_source = [[row["sources"][name] for row in rows] for name in sources]
    return (
        first["contestant"],
        f"{first['max_loss']:.1%}",
        f"{_mean([row['loss'] for row in rows])} %",
        f"{_mean([row['saving'] for row in rows])} %",
        f"{_mean([row['different'] for row in rows])} %",
        f"{_mean([row['more_than_single']['value'] for row in rows])} {interval}",
        *(f"{_mean([s['loss'] for s in own])} / {_mean([s['saving'] for s in own])}" for own in by_source),
    )


def _mean(values: Sequence[float]) -> str:
    return f"{100 * float(np.mean(values)):.1f}"
