"""Do courses keep their promise? Worlds in which tiers answer, walked one by one; what is done is kept on disk."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.decisions.promise.answer_worlds import ANSWER_KINDS, MAX_LOSSES, AnswerKind, measure_answer_world
from benchmarks.decisions.promise.guarantee_world import LIGHT
from benchmarks.decisions.promise.walking import Line, digest_of, median, share_text, violations, walked
from tierwise.training.config import TrainConfig
from tierwise.training.evaluation.reporting.tables import markdown_table
from tierwise.training.progress import Progress

_FILES = (
    "training/evaluation/synthetic/worlds.py",
    "training/evaluation/synthetic/task_worlds.py",
    "training/evaluation/synthetic/task_logs.py",
    "benchmarks/decisions/promise/guarantee_kinds.py",
    "benchmarks/decisions/promise/answer_worlds.py",
)
_WAYS = ("courses", "single")


def walk_answer_worlds(
    kinds: Sequence[str], n_worlds: int, store: Path, progress: Progress, config: TrainConfig = LIGHT
) -> dict[str, Any]:
    """Figures by kind from ``n_worlds`` of each, those of ``kinds`` or of all; a further run goes on where it was."""
    chosen = [ANSWER_KINDS[name] for name in kinds or ANSWER_KINDS]
    progress("worlds", len(chosen) * n_worlds)
    folder = store / f"answers-{digest_of(_FILES, config)}"
    found = []
    for kind in chosen:
        path = folder / f"{kind.name.replace(' ', '-')}.jsonl"
        lines = walked(path, n_worlds, partial(measure_answer_world, kind, config=config), progress)
        found.append(summary(kind, lines))
    return {"n_worlds": n_worlds, "allowed": 1 - config.confidence, "kinds": found}


def summary(kind: AnswerKind, lines: Sequence[Line]) -> dict[str, Any]:
    """Of one kind, by tolerated loss and way: worlds that break the promise, with their exact interval, and what the
    median world saves. A log that training refused loses nothing and saves nothing."""
    trained = [line["targets"] for line in lines if "refused" not in line]
    found: dict[str, Any] = {"name": kind.name, "about": kind.about, "target": kind.target, "targets": {}}
    promised = "loss" if kind.target == "success" else "different"
    for max_loss in map(str, MAX_LOSSES):
        found["targets"][max_loss] = {
            way: _summed([line[max_loss][way] for line in trained], promised, float(max_loss), len(lines))
            for way in _WAYS
        }
    return found


def _summed(found: Sequence[Line], promised: str, max_loss: float, n: int) -> dict[str, Any]:
    rest = [0.0] * (n - len(found))
    return {
        "violations": violations(sum(one[promised] > max_loss for one in found), n),
        "worst": max((one[promised] for one in found), default=0.0),
        "median_lost": median([one["lost"] for one in found] + rest),
        "worst_lost": max((one["lost"] for one in found), default=0.0),
        "median_saving": median([one["saving"] for one in found] + rest),
    }


def answers_page(figures: dict[str, Any]) -> list[str]:
    """A table at each tolerated loss."""
    about = (
        f"{figures['n_worlds']} synthetic worlds of every kind. Every tier answers each step; some wrong answers are "
        "popular, so that cheap tiers agree on what is wrong. A router is trained on the log and plays its courses on "
        "2,500 fresh steps. What is promised is the loss of success relative to the top tier's, or, without labels, "
        f"the share of answers that differ from the top tier's. {figures['allowed']:.0%} of the worlds may break it, "
        "half as many more where single shots and courses are both certified; [ ] is the exact 95 % interval. Truly "
        "lost is the success lost of all steps, labels or not; savings are those of the median world."
    )
    lines = ["## Do courses keep their promise?", "", about, ""]
    for max_loss in figures["kinds"][0]["targets"]:
        lines += [f"### At most {float(max_loss):.0%}", "", _table(figures, max_loss), ""]
    return [*lines, "The kinds: " + "; ".join(f"*{kind['name']}*: {kind['about']}" for kind in figures["kinds"]) + "."]


def _table(figures: dict[str, Any], max_loss: str) -> str:
    header = ("kind", "worlds break it", "worst", "truly lost", "saved", "single shots break it", "they save")
    rows = []
    for kind in figures["kinds"]:
        courses, single = (kind["targets"][max_loss][way] for way in _WAYS)
        rows.append(
            (
                kind["name"],
                share_text(courses["violations"]),
                f"{courses['worst']:.1%}",
                f"{courses['median_lost']:.1%}, worst {courses['worst_lost']:.1%}",
                f"{courses['median_saving']:.0%}",
                f"{single['violations']['n_violations']} of {single['violations']['n']}",
                f"{single['median_saving']:.0%}",
            )
        )
    return markdown_table([header, *rows])
