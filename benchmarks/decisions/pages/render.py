"""Figures as tables for people: on the terminal and in RESULTS.md."""

from collections.abc import Mapping, Sequence
from typing import Any

from tierwise.training.evaluation.reporting.tables import markdown_table


def contest_page(logs: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = ["## Against baselines and peers", ""]
    for figures in logs:
        lines += contest_lines(figures)
    return lines


def contest_lines(figures: Mapping[str, Any]) -> list[str]:
    """One log: the table of contestants, then what to know about it."""
    header = ("contestant", "skill", "Tierwise minus it", "loss", "saving", "worst ECE")
    rows = [_contest_row(row) for row in figures["contestants"]]
    lines = [f"### {figures['log']}: {figures['n_steps']:,} steps, {figures['n_folds']} folds", ""]
    if figures["refused"]:
        lines += [f"No curve: {figures['refused']}.", ""]
    if figures["n_simulated"]:
        lines += [f"Attempts are simulated on {figures['n_simulated']:,} steps: the mechanism, not a model.", ""]
    lines += [markdown_table([header, *rows]), ""]
    mine = figures["contestants"][0]
    lines += [_fold_line(mine), *_escalation_lines(mine), _oracle_line(figures["oracle"]), ""]
    return lines


def _contest_row(row: Mapping[str, Any]) -> tuple[str, ...]:
    ece = row["ece"]
    worst = "-" if ece is None else " ".join((_largest(ece, "value"), f"({_largest(ece, 'of_chance')})"))
    supported = "" if row["p_supported"] > 0.999 else f" ({1 - row['p_supported']:.0%} unsupported)"
    return (
        row["name"],
        number(row["skill"]),
        number(row["reference_minus_this"]),
        share(row["loss"]),
        share(row["saving"]) + supported,
        worst,
    )


def _fold_line(row: Mapping[str, Any]) -> str:
    folds = " · ".join(f"{fold['loss']:.1%} for {fold['saving']:.0%}" for fold in row["folds"])
    return f"- {row['name']} by fold, loss for saving: {folds}; {row['p_unfamiliar']:.1%} of the steps unfamiliar."


def _escalation_lines(row: Mapping[str, Any]) -> list[str]:
    return [
        f"- With a verifier that catches {float(rate):.0%} of failures, {row['name']} escalating: success "
        f"{share(report['success'])}, loss {share(report['loss'])}, saving {share(report['saving'])}."
        for rate, report in row["escalating"].items()
    ]


def _oracle_line(oracle: Mapping[str, Any]) -> str:
    return f"- The oracle, known only afterwards: loss {share(oracle['loss'])}, saving {share(oracle['saving'])}."


def _largest(ece: Mapping[str, Any], name: str) -> str:
    return f"{max(tier[name] for tier in ece.values()):.3f}"


def number(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    return f"{estimate['value']:+.3f} [{estimate['low']:+.3f}, {estimate['high']:+.3f}]"


def share(estimate: Mapping[str, Any] | None) -> str:
    if estimate is None or estimate["value"] is None:
        return "-"
    value, low, high = (_tidy(estimate[key]) for key in ("value", "low", "high"))
    return f"{value} % [{low}, {high}]"


def _tidy(value: float) -> str:
    text = f"{100 * value:.1f}"
    return "0.0" if text == "-0.0" else text
