"""People's labels on answers, in a file of their own: one JSON line each, only ever added to."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tierwise.data.compared.mirrored import JUDGE_SCORE, answer_text, has_answer, told_same
from tierwise.data.errors import LogError
from tierwise.data.records import Attempt, LoggedStep

SAME, SUCCESS = "same", "success"
NO_OPINION = 0.5


@dataclass(frozen=True, slots=True)
class Item:
    """Something to label: one tier's answer to a step, beside the top tier's where it is asked whether they mean the
    same. ``verdict`` is what a key or a judge says, 0 to 1; 0.5 where neither says anything."""

    step_id: str
    tier: str
    task: str
    part: str
    answer: str
    reference: str | None
    verdict: float


@dataclass(frozen=True, slots=True)
class Label:
    """``value`` None: the person could not tell, which is not asked again."""

    step_id: str
    tier: str
    question: str
    value: bool | None
    by: str
    labelled_at: float


def same_items(steps: Iterable[LoggedStep], top: str) -> list[Item]:
    """Pairs of answers in a random order that is always the same, so that any first part of them is a random sample."""
    found = []
    for step in steps:
        ours = next((a for a in step.attempts if a.tier == top and has_answer(a)), None)
        for theirs in step.attempts if ours is not None else ():
            if ours is not None and theirs is not ours and answer_text(theirs):
                found.append(_item(step, theirs, answer_text(ours), _sameness(step, ours, theirs)))
    return sorted(found, key=_order)


def success_items(steps: Iterable[LoggedStep]) -> list[Item]:
    """Answers on which a judge or check has an opinion, in the same kind of order."""
    answers = [(step, attempt) for step in steps for attempt in step.attempts if answer_text(attempt)]
    return sorted(
        (_item(s, a, None, NO_OPINION if a.success is None else float(a.success)) for s, a in answers), key=_order
    )


def read_labels(path: Path) -> list[Label]:
    """The labels of a file; none where there is no file. Raises ``LogError`` naming the line that is no label."""
    if not path.exists():
        return []
    labels = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            labels.append(Label(**json.loads(line)))
        except (ValueError, TypeError):
            raise LogError(f"{path}:{number} is no label; take the line out") from None
    return labels


def add_label(path: Path, label: Label) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(label)) + "\n")


def in_asked_order(item: Item) -> tuple[str, str]:
    """Its two answers, in an order that does not tell whose is whose and changes from item to item.

    Raises ``ValueError`` where there is one answer alone.
    """
    if item.reference is None:
        raise ValueError(f"the item of step '{item.step_id}' has one answer alone")
    is_swapped = blake2b(item.step_id.encode(), digest_size=1).digest()[0] % 2
    return (item.answer, item.reference) if is_swapped else (item.reference, item.answer)


def values_of(items: Sequence[Item], labels: Iterable[Label], question: str) -> list[float]:
    """Per item 1, 0, or NaN where nobody labelled it; the newest label counts."""
    known: Mapping[tuple[str, str], bool | None] = {
        (label.step_id, label.tier): label.value for label in labels if label.question == question
    }
    values: list[Any] = [known.get((item.step_id, item.tier)) for item in items]
    return [float("nan") if value is None else float(value) for value in values]


def _sameness(step: LoggedStep, ours: Attempt, theirs: Attempt) -> float:
    is_same = told_same(step, ours, theirs)
    if is_same is not None:
        return float(is_same)
    score = theirs.extra.get(JUDGE_SCORE)
    return float(score) if isinstance(score, int | float) and 0 <= score <= 1 else NO_OPINION


def _item(step: LoggedStep, attempt: Attempt, reference: str | None, verdict: float) -> Item:
    part = step.step.task_type or step.step.node or "(none)"
    return Item(step.step_id, attempt.tier, step.step.prompt, part, answer_text(attempt), reference, verdict)


def _order(item: Item) -> bytes:
    return blake2b(f"{item.step_id}\x00{item.tier}".encode(), digest_size=8).digest()
