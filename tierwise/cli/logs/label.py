"""``tierwise label``: a person says what some answers are worth, and thereby what the judge of all others is worth."""

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tierwise.cli.console import fail, print_table, say
from tierwise.cli.flywheel.promote import actor_of
from tierwise.cli.learning.train import LogsOption, TiersOption
from tierwise.cli.sources import read_logs
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.compared.judged import MIN_LABELS, JudgedShare
from tierwise.data.compared.judged_groups import judged_groups
from tierwise.data.compared.labelled import (
    SAME,
    SUCCESS,
    Item,
    Label,
    add_label,
    in_asked_order,
    read_labels,
    same_items,
    success_items,
    values_of,
)
from tierwise.data.errors import LogError

_SHOWN_CHARS = 3_000
_KEYS = {"y": True, "yes": True, "n": False, "no": False, "s": None, "skip": None}


def label(
    log: LogsOption,
    labels: Annotated[Path, typer.Option(help="File that the labels are added to.")] = Path("labels.jsonl"),
    tiers: TiersOption = None,
    question: Annotated[
        str, typer.Option("--ask", help="same: does it mean the same as the top tier's answer; success: is it right.")
    ] = SAME,
    tier: Annotated[str | None, typer.Option(help="Only answers of this tier.")] = None,
    n: Annotated[
        int, typer.Option("--n", min=0, help="Labels wanted in all; 0 only shows what they say so far.")
    ] = 100,
    by: Annotated[str | None, typer.Option(help="Who; default: the user of this process.")] = None,
) -> None:
    """Label answers in the terminal, and see what they and the judge say together. It can be left and gone on with."""
    if question not in (SAME, SUCCESS):
        raise LogError(f"--ask is '{question}'; same or success is needed")
    catalogue = TierCatalogue.load(tiers)
    steps = read_logs(log, catalogue, Path("label.quarantine.jsonl"))
    items = same_items(steps, catalogue.top.name) if question == SAME else success_items(steps)
    items = [item for item in items if tier is None or item.tier == tier]
    if not items:
        raise LogError(
            "the log holds no answers to label; keep them on import, or ask the tiers: tierwise collect --compare TIER"
        )
    _ask_all(items, labels, question, n, actor_of(by))
    known = read_labels(labels)
    _report(items, values_of(items, known, question), question)


def _ask_all(items: Sequence[Item], path: Path, question: str, n_wanted: int, by: str) -> None:
    """In the random order of the items, from where it was left, until enough, ``q`` or the end of the input."""
    done = {(each.step_id, each.tier) for each in read_labels(path) if each.question == question}
    left = [item for item in items if (item.step_id, item.tier) not in done][: max(0, n_wanted - len(done))]
    for position, item in enumerate(left, start=len(done) + 1):
        _show(item, position, n_wanted)
        value = _answered(question)
        if value == "q":
            say(f"Stopped after {position - 1}; the same command goes on.")
            return
        add_label(path, Label(item.step_id, item.tier, question, _KEYS[value], by, time.time()))


def _show(item: Item, position: int, n_wanted: int) -> None:
    """Which of two answers is whose is not shown, and changes from item to item."""
    typer.echo(f"\n{'=' * 78}\n{position} of {n_wanted}  ({item.part})\n\nTask:\n{_short(item.task)}")
    if item.reference is None:
        typer.echo(f"\nAnswer:\n{_short(item.answer)}\n")
        return
    first, second = in_asked_order(item)
    typer.echo(f"\nAnswer 1:\n{_short(first)}\n\nAnswer 2:\n{_short(second)}\n")


def _answered(question: str) -> str:
    asked = "Do they mean the same" if question == SAME else "Is it right"
    while True:
        typer.echo(f"{asked}? [y]es, [n]o, [s]kip, [q]uit: ", nl=False)
        line = sys.stdin.readline()
        given = line.strip().lower()
        if not line or given in ("q", "quit"):
            return "q"
        if given in _KEYS:
            return given


def _report(items: Sequence[Item], values: Sequence[float], question: str) -> None:
    """By tier, and by part where a part has labels enough."""
    rows = [_row(group.name, group.found) for group in judged_groups(items, values)]
    if not rows:
        fail("no label yet, so nothing can be said")
    title = "Mean the same as the top tier's, by labels and judge" if question == SAME else "Right, by labels and judge"
    columns = ("", "judged", "labels", "share, 95 %", "labels alone", "worth labels", "false passes", "false failures")
    print_table(title, columns, rows)
    say("Without labels a judge certifies nothing; worth labels: how many of them alone would say it as exactly.")
    say(f"Under {MIN_LABELS} labels the judge is not counted at all.")


def _row(name: str, found: JudgedShare) -> tuple[str, ...]:
    shares = [f"{each.value:.1%} [{each.low:.1%}, {each.high:.1%}]" for each in (found.share, found.by_labels)]
    rates = ["–" if rate is None else f"{rate:.0%}" for rate in (found.p_false_pass, found.p_false_fail)]
    return (name, f"{found.n_judged:,}", f"{found.n_labels:,}", *shares, f"{found.n_labels_worth:,.0f}", *rates)


def _short(text: str) -> str:
    if len(text) <= _SHOWN_CHARS:
        return text
    return (
        f"{text[: _SHOWN_CHARS // 2]}\n[... {len(text) - _SHOWN_CHARS:,} characters ...]\n{text[-_SHOWN_CHARS // 2 :]}"
    )
