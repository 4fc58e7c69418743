"""From calls to steps: the calls of a trace are a task, repeated calls are attempts of one step.

Two calls of a trace are attempts of the same step when they ask the same (prompt, tools, schema) in frames of the same
names, and the second is a retry: the first one raised an error, or the second one asks another model, or the same one
in another tier's way. The same question to the same model after an answer is a new step.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import usage_of
from tierwise.data.importers.assembling.answers import with_answer
from tierwise.data.importers.assembling.entries import Place, Undecided
from tierwise.data.importers.assembling.models import TierLookup
from tierwise.data.importers.assembling.success import EvidenceCount, Judge
from tierwise.data.importers.mapping import ImportMap
from tierwise.data.importers.reading.records import Call, Frame, Signal
from tierwise.data.records import Attempt, LoggedDecision, LoggedStep
from tierwise.data.serialise import step_to_dict

_MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class Assembled:
    """The steps, in order of time, and what became of calls that are in none of them. ``undecided``: calls whose model
    stands for several tiers, by the reason why none was taken."""

    steps: tuple[LoggedStep, ...]
    evidence: EvidenceCount
    unknown_models: Counter[str] = field(default_factory=Counter)
    undecided: Counter[str] = field(default_factory=Counter)
    n_wrappers: int = 0
    n_without_cost: int = 0
    missing: Counter[str] = field(default_factory=Counter)


class Assembler:
    """Ties calls into steps for one format, whose name begins every step id. Answers stay with their attempts."""

    def __init__(
        self, format_name: str, catalogue: TierCatalogue, mapping: ImportMap, keeps_answers: bool = True
    ) -> None:
        self._format = format_name
        self._keeps_answers = keeps_answers
        self._tiers = catalogue.names
        self._lookup = TierLookup(catalogue, mapping.models)
        self._mapping = mapping

    def assemble(self, calls: Iterable[Call], frames: Iterable[Frame], signals: Iterable[Signal]) -> Assembled:
        """A call whose model is in no tier is counted and left out: an attempt needs a tier."""
        known_frames = {frame.source_id: frame for frame in frames}
        unique = {call.source_id: call for call in calls}
        kept, n_wrappers = _without_wrappers(list(unique.values()), known_frames)
        unknown, undecided = Counter[str](), Counter[str]()
        places: dict[str, Place] = {}
        traces: dict[str, list[Call]] = defaultdict(list)
        for call in kept:
            place = self._lookup.find(call.attempt.model or "", call.parameters)
            if isinstance(place, Place):
                places[call.source_id] = place
                traces[call.trace_id or call.source_id].append(_placed(_in_tier(call, place), known_frames))
            elif isinstance(place, Undecided):
                undecided[place.reason] += 1
            else:
                unknown[call.attempt.model or ""] += 1
        by_subject: dict[str, list[Signal]] = defaultdict(list)
        for signal in signals:
            by_subject[signal.subject_id].append(signal)
        judge = Judge(self._mapping, by_subject)
        steps = [step for trace_id in traces for step in self._task(trace_id, traces[trace_id], judge, places)]
        steps.sort(key=lambda step: (step.timestamp is None, step.timestamp or 0.0))
        without_cost = sum(attempt.cost_usd is None for step in steps for attempt in step.attempts)
        missing = _without_calls(unique.values(), known_frames)
        return Assembled(tuple(steps), judge.count, unknown, undecided, n_wrappers, without_cost, missing)

    def _task(self, trace_id: str, calls: list[Call], judge: Judge, places: Mapping[str, Place]) -> list[LoggedStep]:
        calls = sorted(calls, key=lambda call: (call.started_at is None, call.started_at or 0.0))
        groups = _grouped(calls)
        attempts = [self._attempts(group, judge, places) for group in groups]
        attempts = judge.judged_by_task(attempts, trace_id)
        has_trace = calls[0].trace_id is not None
        return [
            self._step(group, tried, trace_id if has_trace else None, index if has_trace else None)
            for index, (group, tried) in enumerate(zip(groups, attempts, strict=True))
        ]

    def _attempts(self, group: Sequence[Call], judge: Judge, places: Mapping[str, Place]) -> list[Attempt]:
        placed = [_priced(judge.judged(call), places[call.source_id]) for call in group]
        if self._keeps_answers:
            placed = [with_answer(attempt, call.answer) for call, attempt in zip(group, placed, strict=True)]
        return judge.judged_by_retries(group, placed, self._tiers)

    def _step(
        self, group: Sequence[Call], attempts: list[Attempt], task_id: str | None, index: int | None
    ) -> LoggedStep:
        first = group[0]
        decision_id = next((call.decision_id for call in group if call.decision_id), None)
        return LoggedStep(
            step_id=f"{self._format}-{first.source_id}",
            step=replace(first.step, step_index=index),
            attempts=tuple(attempts),
            task_id=task_id,
            session_id=first.session_id,
            timestamp=first.started_at,
            group=first.group,
            decision=None if decision_id is None else LoggedDecision(decision_id),
            extra={"source": {"format": self._format, "ids": [call.source_id for call in group]}},
        )


def _without_wrappers(calls: list[Call], frames: Mapping[str, Frame]) -> tuple[list[Call], int]:
    """Two instrumentations may record the same call, one inside the other: the inner one is the real one."""
    parents = {frame.source_id: frame.parent_id for frame in frames.values()}
    parents |= {call.source_id: call.parent_id for call in calls}
    ids = {call.source_id for call in calls}
    outer: set[str] = set()
    for call in calls:
        above = call.parent_id
        for _ in range(_MAX_DEPTH):
            if above is None:
                break
            if above in ids:
                outer.add(above)
            above = parents.get(above)
    return [call for call in calls if call.source_id not in outer], len(outer)


def _in_tier(call: Call, place: Place) -> Call:
    """The call on its tier. An entry that its parameters told is its model: the provider's name says too little."""
    name = place.model.name if place.is_told and place.model is not None else call.attempt.model
    return replace(call, attempt=replace(call.attempt, tier=place.tier, model=name))


def _without_calls(calls: Iterable[Call], frames: Mapping[str, Frame]) -> Counter[str]:
    """Why frames count that should have a call in them and have none, neither read nor skipped."""
    around: set[str] = set()
    inner = [call.parent_id for call in calls] + [frame.parent_id for frame in frames.values() if frame.is_skipped]
    for above in inner:
        while above is not None and above not in around:
            around.add(above)
            above = frames[above].parent_id if above in frames else None
    return Counter(
        frame.missing for frame in frames.values() if frame.missing is not None and frame.source_id not in around
    )


def _placed(call: Call, frames: Mapping[str, Frame]) -> Call:
    """The call with agent and node taken from the frames around it, where its own record names none."""
    path: list[Frame] = []
    above = frames.get(call.parent_id or "")
    while above is not None and len(path) < _MAX_DEPTH:
        path.append(above)
        above = frames.get(above.parent_id or "")
    if not path:
        return call
    agent = next((frame.name for frame in path if frame.is_agent), path[-1].name)
    node = path[0].name if path[0].name != agent else None
    step = replace(call.step, agent=call.step.agent or agent, node=call.step.node or node)
    return replace(call, step=step)


def _grouped(calls: Sequence[Call]) -> list[list[Call]]:
    groups: list[list[Call]] = []
    latest: dict[bytes, list[Call]] = {}
    for call in calls:
        key = _question(call)
        group = latest.get(key)
        if group is not None and _is_retry(group[-1], call):
            group.append(call)
        else:
            group = latest[key] = [call]
            groups.append(group)
    return groups


def _is_retry(earlier: Call, later: Call) -> bool:
    if later.sample is not None:
        return True
    if earlier.attempt.error or earlier.error_type:
        return True
    return (earlier.attempt.model, earlier.attempt.tier) != (later.attempt.model, later.attempt.tier)


def _question(call: Call) -> bytes:
    """What was asked, as read and as sent. A question that the log did not keep whole is like no other."""
    if call.sample is not None:
        return sha256(call.sample.encode("utf-8", "replace")).digest()
    asked = step_to_dict(call.step)
    asked.pop("input_tokens", None)
    sent = call.source_id.encode("utf-8", "replace") if call.question is None else call.question
    return sha256(json.dumps(asked, sort_keys=True, default=str).encode() + sent).digest()


def _priced(attempt: Attempt, place: Place) -> Attempt:
    """The attempt with the list price of its tokens where the log has no cost."""
    model = place.model
    if attempt.cost_usd is not None or model is None or not model.has_prices:
        return attempt
    cost_usd = model.usage_cost_usd(usage_of(attempt))
    if cost_usd is None or (attempt.model or "").endswith(":free"):
        return attempt
    return replace(attempt, cost_usd=cost_usd, cost_is_estimate=True)
