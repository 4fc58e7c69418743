"""Comparing with a dear tier's answers instead of verifying: no labels are needed, and nearly every log has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from tierwise.agents.collect.answerer import Answerer
from tierwise.agents.collect.equivalence import Pair
from tierwise.agents.collect.full_log import check_ids
from tierwise.agents.collect.journal import Journal
from tierwise.agents.collect.runner import Job
from tierwise.data.compared.intervals import ClusterSums, Interval, share_interval
from tierwise.data.compared.mirrored import JUDGE_SCORE, SAME_ANSWER, answer_text, has_answer
from tierwise.data.compared.sameness import is_same_answer
from tierwise.data.drawing.splits import split_unit
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.serialise import logged_step_to_dict


@dataclass(slots=True)
class Compared:
    """What comparing came to, by tier: ``n_open`` counts answers of which cannot be told whether they are the same.

    The others are counted by task, because the steps of one are alike.
    """

    n_open: Counter[str] = field(default_factory=Counter)
    _by_task: dict[str, dict[str, list[bool]]] = field(default_factory=dict)
    _sizes: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, tier: str, task: str, is_same: bool | None) -> None:
        self._sizes.setdefault(tier, Counter())[task] += 1
        if is_same is None:
            self.n_open[tier] += 1
        else:
            self._by_task.setdefault(tier, {}).setdefault(task, []).append(is_same)

    @property
    def n_known(self) -> int:
        return sum(len(of) for tasks in self._by_task.values() for of in tasks.values())

    def sizes(self, tier: str) -> list[int]:
        """How many answers each task has, those that cannot be told alike with them."""
        return list(self._sizes.get(tier, Counter()).values())

    def n_different(self, tier: str) -> int:
        return sum(not same for of in self._by_task.get(tier, {}).values() for same in of)

    def same(self, tier: str) -> Interval | None:
        """The share of answers that mean the same, with its interval over whole tasks; None without any."""
        pairs = [(sum(of), len(of)) for of in self._by_task.get(tier, {}).values()]
        return share_interval(
            ClusterSums(
                n=sum(n for _, n in pairs),
                n_clusters=len(pairs),
                x=sum(x for x, _ in pairs),
                y=sum(n for _, n in pairs),
                xx=sum(x * x for x, _ in pairs),
                yy=sum(n * n for _, n in pairs),
                xy=sum(x * n for x, n in pairs),
            )
        )


def comparing_jobs(
    steps: Sequence[LoggedStep], answerers: Mapping[str, Answerer], top: str, n_steps: int | None = None
) -> list[Job]:
    """Jobs for the answers that are missing, of ``n_steps`` steps drawn at random (all when None).

    The order of the steps is random and always the same, so that what a budget leaves undone is random too and a
    later run with more steps goes on with them. Where the log holds the answer of ``top``, it is not asked again.
    Raises ``CollectError`` for a step id that stands twice.
    """
    check_ids(steps)
    drawn = sorted(steps, key=lambda step: blake2b(step.step_id.encode(), digest_size=8).digest())[:n_steps]
    jobs: list[Job] = []
    for step in drawn:
        there = {attempt.tier for attempt in step.attempts if has_answer(attempt) and not attempt.simulated}
        record = logged_step_to_dict(step)
        wanted = sorted((tier for tier in answerers if tier not in there), key=lambda tier: tier != top)
        jobs += [Job(record, answerers[tier]) for tier in wanted]
    return jobs


def compared_steps(steps: Iterable[LoggedStep], top: str, compared: Compared) -> Iterator[LoggedStep]:
    """The steps, with success known by comparison wherever nobody else has said.

    An attempt succeeded when its answer means the same as that of ``top``, whose own then counts as a success. Where
    answers of a kind cannot be compared nothing is said.
    """
    for step in steps:
        ours = next((attempt for attempt in step.attempts if attempt.tier == top and has_answer(attempt)), None)
        if ours is None:
            yield step
            continue
        told = [_told(step, ours, attempt, compared) for attempt in step.attempts]
        is_any_known = any(a.evaluator == SAME_ANSWER for a in told)
        yield replace(step, attempts=tuple(_as_top(a) if is_any_known and a is ours else a for a in told))


def open_pairs(steps: Iterable[LoggedStep], top: str) -> Iterator[Pair]:
    """The answers of which nobody can tell by themselves whether they are the same as that of ``top``."""
    for step in steps:
        ours = next((attempt for attempt in step.attempts if attempt.tier == top and has_answer(attempt)), None)
        if ours is None or not answer_text(ours):
            continue
        for theirs in step.attempts:
            if theirs is not ours and answer_text(theirs) and is_same_answer(step.step, ours, theirs) is None:
                yield Pair(step.step_id, step.step, theirs.tier, ours, theirs)


def with_judge_scores(steps: Iterable[LoggedStep], judged: Journal) -> Iterator[LoggedStep]:
    """The steps with the judge's opinions beside the answers that they are about. They are no verdicts on success."""
    for step in steps:
        scores = {tier: entry[JUDGE_SCORE] for tier, entry in judged.attempts_of(step.step_id).items()}
        attempts = tuple(
            replace(a, extra={**a.extra, JUDGE_SCORE: scores[a.tier]}) if a.tier in scores else a for a in step.attempts
        )
        yield replace(step, attempts=attempts) if scores else step


def _told(step: LoggedStep, ours: Attempt, attempt: Attempt, compared: Compared) -> Attempt:
    if attempt is ours or not has_answer(attempt):
        return attempt
    is_same = is_same_answer(step.step, ours, attempt)
    compared.note(attempt.tier, split_unit(step), is_same)
    if is_same is None or attempt.success is not None:
        return attempt
    return replace(attempt, success=is_same, evaluator=SAME_ANSWER)


def _as_top(attempt: Attempt) -> Attempt:
    return attempt if attempt.success is not None else replace(attempt, success=True, evaluator=SAME_ANSWER)
