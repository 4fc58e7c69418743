"""Does the promise hold: the part of RESULTS.md on worlds of known truth."""

from collections.abc import Mapping
from typing import Any

from benchmarks.decisions.promise.walking import share_text
from tierwise.training.evaluation.reporting.tables import markdown_table


def guarantee_page(figures: Mapping[str, Any]) -> list[str]:
    """A table at each tolerated loss, then the starts of cascades."""
    about = (
        f"{figures['n_worlds']} synthetic worlds of known truth of every kind: a router is trained on the log and "
        f"decides fresh steps, whose true loss and saving are known. {figures['allowed']:.0%} of the worlds may lose "
        "more than promised; [ ] is the exact 95 % interval of their share. A part is a task type with 210 tasks or "
        "more. Saving is that of a step relative to its own cost on the top tier, in the median world; beside it what "
        "the true probabilities would allow at the same loss, on the whole. The last column counts worlds in which the "
        "saving on fresh steps lies within 3 points of the certified one, of those with 10 % or more certified."
    )
    picture = "![Share of worlds of each kind that lose more than promised](../../docs/images/guarantee.png)"
    lines = ["## Does the promise hold?", "", about, "", picture, ""]
    targets = list(figures["kinds"][0]["targets"])
    for target in targets:
        lines += [f"### At most {float(target):.0%} lost", "", _table(figures, target), ""]
    return [*lines, *_cascades(figures)]


def _table(figures: Mapping[str, Any], target: str) -> str:
    header = ("kind", "worlds lose more", "a part does", "worst", "saved", "possible", "of it", "as certified")
    rows = [_row(kind, kind["targets"][target]) for kind in figures["kinds"]]
    return markdown_table([header, *rows])


def _row(kind: Mapping[str, Any], found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        kind["name"],
        share_text(found["whole"]),
        f"{found['any_part']['n_violations']} of {found['any_part']['n']}",
        f"{found['worst_loss']:.1%}",
        f"{found['median_saving']:.0%}",
        f"{found['median_oracle']:.0%}",
        f"{found['median_share']:.0%}",
        f"{found['n_near']} of {found['n_certified']}" if found["n_certified"] else "-",
    )


def _cascades(figures: Mapping[str, Any]) -> list[str]:
    rate = figures["kinds"][0]["cascade"]["catch_rate"]
    header = ("kind", "worlds lose more", "worst", "saved", "best plain cascade")
    rows = [_cascade_row(kind) for kind in figures["kinds"] if kind["cascade"]["violations"]["n"]]
    about = "; ".join(f"*{kind['name']}*: {kind['about']}" for kind in figures["kinds"])
    return [
        f"### Starts of cascades, {rate:.0%} of failures caught, at most {figures['max_quality_loss']:.0%} lost",
        "",
        "Beside the best start that is the same for every step and loses no more, chosen with the truth.",
        "",
        markdown_table([header, *rows]),
        "",
        f"The kinds: {about}.",
    ]


def _cascade_row(kind: Mapping[str, Any]) -> tuple[str, ...]:
    found = kind["cascade"]
    return (
        kind["name"],
        share_text(found["violations"]),
        f"{found['worst_loss']:.1%}",
        f"{found['median_saving']:.0%}",
        f"{found['median_best_plain']:.0%}",
    )
