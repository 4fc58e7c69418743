"""Which steps of a log a router learns from: those with a known outcome, and of a log with more than it needs, some at
random. Beside them those of which only the end of their task is known, as far as there is room.

The steps with the smallest digests of their ids are drawn (a bottom-k sample, Cohen and Kaplan 2007): every step alike,
whatever it holds and whatever came of it. Any part of a log can be drawn from on its own, in any order and on any
machine, and the parts together give the steps that the whole would have given. Only the drawn ones stay in memory.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from tierwise.data.drawing.fingerprint import DIGEST_BYTES, canonical_key, fingerprint_of, step_digest, unique_digests
from tierwise.data.drawing.task_draw import TaskDraw, TaskWord
from tierwise.data.drawing.task_words import ran_last
from tierwise.data.records import LoggedStep

_SLACK = 1.25


@dataclass(frozen=True, slots=True)
class DrawnSteps:
    """``steps`` in the canonical order, without unknown fields, out of ``n_known`` with a known outcome and ``n_read``
    in all. ``n_repeated`` more with a known outcome were the very same as others: evidence counts once.
    ``fingerprint`` is that of all with a known outcome and of ``weak``; ``foreign_tiers`` are those outside the
    catalogue. ``weak`` are steps without an outcome of their own in tasks whose end is known, whole tasks; ``tasks`` is
    the word on each task of either kind of steps.
    """

    steps: tuple[LoggedStep, ...]
    n_known: int
    n_read: int
    fingerprint: str
    foreign_tiers: tuple[str, ...] = ()
    n_repeated: int = 0
    weak: tuple[LoggedStep, ...] = ()
    tasks: Mapping[str, TaskWord] = field(default_factory=dict)


class StepDraw:
    """Draws at most ``max_steps`` steps, or all with 0, of those with a known outcome on ``tier_names``."""

    def __init__(self, tier_names: Sequence[str], max_steps: int) -> None:
        self._tiers = frozenset(tier_names)
        self._max_steps = max_steps
        self._kept: list[tuple[bytes, LoggedStep]] = []
        self._highest: bytes | None = None
        self._digests = bytearray()
        self._foreign: set[str] = set()
        self._by_task = TaskDraw(max_steps)
        self.n_read = 0

    def add(self, logged: LoggedStep) -> None:
        """One more step of the log."""
        self.n_read += 1
        self._foreign.update(attempt.tier for attempt in logged.attempts if attempt.tier not in self._tiers)
        self._by_task.note(logged)
        if not any(attempt.success is not None and attempt.tier in self._tiers for attempt in logged.attempts):
            self._add_weak(logged)
            return
        digest = step_digest(logged)
        self._digests += digest
        key = canonical_key(logged, digest)
        if self._highest is None or key < self._highest:
            self._kept.append((key, _without_unknown_fields(logged)))
            self._cut()

    def merge(self, other: "StepDraw") -> None:
        """What was drawn from another part of the log."""
        self.n_read += other.n_read
        self._foreign |= other._foreign
        self._digests += other._digests
        self._kept += other._kept
        self._by_task.merge(other._by_task)
        self._cut()

    def drawn(self) -> DrawnSteps:
        """What was drawn so far."""
        self._sort()
        if self._max_steps:
            del self._kept[self._max_steps :]
        digests = unique_digests(self._digests)
        n_known = len(digests) // DIGEST_BYTES
        steps = tuple(logged for _, logged in self._kept)
        weak = self._by_task.drawn(max(0, self._max_steps - len(steps)))
        return DrawnSteps(
            steps=steps,
            n_known=n_known,
            n_read=self.n_read,
            fingerprint=fingerprint_of(digests + b"".join(map(step_digest, weak))),
            foreign_tiers=tuple(sorted(self._foreign)),
            n_repeated=len(self._digests) // DIGEST_BYTES - n_known,
            weak=weak,
            tasks=self._by_task.words(chain(steps, weak)),
        )

    def _add_weak(self, logged: LoggedStep) -> None:
        ran = ran_last(logged)
        if ran is not None and ran.tier in self._tiers and logged.task_id is not None:
            kept = _without_unknown_fields(logged)
            self._by_task.add(kept, canonical_key(kept, step_digest(kept)))

    def _cut(self) -> None:
        """Now and then, so that the work stays linear: sorts and forgets what can no longer be drawn."""
        if not self._max_steps or len(self._kept) <= _SLACK * self._max_steps:
            return
        self._sort()
        if len(self._kept) >= self._max_steps:
            del self._kept[self._max_steps :]
            self._highest = self._kept[-1][0]

    def _sort(self) -> None:
        """Into the canonical order, the very same step once."""
        self._kept = sorted(dict(self._kept).items())


def draw_steps(steps: Iterable[LoggedStep], tier_names: Sequence[str], max_steps: int) -> DrawnSteps:
    """Draws from steps that are in memory or stream by."""
    draw = StepDraw(tier_names, max_steps)
    for logged in steps:
        draw.add(logged)
    return draw.drawn()


def _without_unknown_fields(logged: LoggedStep) -> LoggedStep:
    """References and whatever else a log carries along are most of its bytes, and nobody learns from them."""
    attempts = tuple(replace(attempt, extra={}) if attempt.extra else attempt for attempt in logged.attempts)
    return replace(logged, attempts=attempts, extra={})
