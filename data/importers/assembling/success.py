"""From recorded evidence to success, failure or unknown; see docs/guides/import.md for the order of what counts."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from importlib.util import find_spec

from tierwise.data.foreign import ForeignError
from tierwise.data.importers.assembling.schema_check import check_answer, is_checkable
from tierwise.data.importers.mapping import Evidence, ImportMap
from tierwise.data.importers.reading.records import Answer, Call, Signal
from tierwise.data.records import Attempt, Step
from tierwise.data.replies.error_kinds import ErrorKind
from tierwise.data.replies.errors import error_kind
from tierwise.data.replies.finish import finish_reason

MAX_HARD_SCHEMAS = 200
"""Checks that came to no end within their work, in one import; beyond them the log is taken to be hostile."""


@dataclass(slots=True)
class EvidenceCount:
    """What the evidence of an import came to, for the report.

    ``used`` counts verdicts by where they came from; ``unmapped`` counts signals without a rule, by name and value;
    ``rules_used`` are the names or patterns of the rules that had an opinion on some signal.
    """

    used: Counter[str] = field(default_factory=Counter)
    unmapped: dict[str, Counter[str]] = field(default_factory=dict)
    rules_used: set[str] = field(default_factory=set)
    n_task_verdicts: int = 0
    n_schemas_not_checked: int = 0

    def note_unmapped(self, signal: Signal) -> None:
        self.unmapped.setdefault(signal.name, Counter())[str(signal.value)[:40]] += 1


class Judge:
    """Decides the success of attempts by one map, and counts what it used."""

    def __init__(self, mapping: ImportMap, signals: Mapping[str, Sequence[Signal]]) -> None:
        self._mapping = mapping
        self._signals = signals
        self._can_check = find_spec("jsonschema") is not None
        self._n_hard = 0
        self.count = EvidenceCount()

    def judged(self, call: Call) -> Attempt:
        """The call's attempt by its own evidence: verdicts first, then errors, then schemas."""
        attempt = self._by_signals(call.attempt, self._signals.get(call.source_id, ()))
        if attempt.success is None:
            attempt = self._by_error(attempt, call)
        if attempt.success is None and not attempt.error and call.answer is not None:
            attempt = self._by_answer(attempt, call.step, call.answer)
        return attempt

    def judged_by_task(self, attempts: list[list[Attempt]], task_id: str) -> list[list[Attempt]]:
        """The attempts of a task's steps, by verdicts on the whole task.

        They speak of a step only when it is the task's only one; with ``task_verdicts = "spread"`` a good verdict also
        counts for the last attempt of every step, while a bad one never says which step failed. The last attempt of all
        carries how the task ended, for weak labels.
        """
        signals = self._signals.get(task_id, ())
        if not signals:
            return attempts
        verdict, name, score = self._verdict(signals)
        if verdict is None:
            return attempts
        if len(attempts) > 1 and not (verdict and self._mapping.evidence.task_verdicts == "spread"):
            self.count.n_task_verdicts += len(signals)
            *before, last = attempts
            return [*before, [*last[:-1], replace(last[-1], task_success=verdict)]]
        return [[*step[:-1], self._with_verdict(step[-1], verdict, name, score)] for step in attempts]

    def judged_by_retries(self, calls: Sequence[Call], attempts: list[Attempt], tiers: Sequence[str]) -> list[Attempt]:
        """An attempt without verdict or error failed when the same prompt went to a dearer tier after it ended, unless
        a test set asks several models on purpose."""
        if self._mapping.evidence.escalation == "off":
            return attempts
        judged = list(attempts)
        for i, (call, attempt) in enumerate(zip(calls, attempts, strict=True)):
            later = zip(calls[i + 1 :], attempts[i + 1 :], strict=True)
            if attempt.success is None and not attempt.error and call.sample is None and any(
                tiers.index(dearer.tier) > tiers.index(attempt.tier) and _follows(call, next_call)
                for next_call, dearer in later
            ):  # fmt: skip
                self.count.used["failed: repeated on a dearer tier"] += 1
                judged[i] = replace(attempt, success=False, evaluator="retry")
        return judged

    def _by_signals(self, attempt: Attempt, signals: Sequence[Signal]) -> Attempt:
        verdict, name, score = self._verdict(signals)
        return attempt if verdict is None else self._with_verdict(attempt, verdict, name, score)

    def _with_verdict(self, attempt: Attempt, verdict: bool, name: str, score: float | None) -> Attempt:
        if attempt.success is not None:
            return attempt
        self.count.used[f"{'succeeded' if verdict else 'failed'}: {name}"] += 1
        return replace(attempt, success=verdict, score=score, evaluator=name)

    def _verdict(self, signals: Sequence[Signal]) -> tuple[bool | None, str, float | None]:
        """The verdict of all mapped signals: one failure outweighs every success."""
        found: tuple[bool | None, str, float | None] = (None, "", None)
        for signal in signals:
            pattern, rule = self._mapping.named_rule(signal.name)
            verdict = None if rule is None else rule.verdict(signal.value)
            if verdict is not None:
                self.count.rules_used.add(pattern)
            if verdict is None:
                self.count.note_unmapped(signal)
            elif found[0] is None or (found[0] and not verdict):
                score = None if isinstance(signal.value, str) else float(signal.value)
                found = (verdict, signal.name, score)
        return found

    def _by_error(self, attempt: Attempt, call: Call) -> Attempt:
        if not call.error_type and not attempt.error:
            return attempt
        names = (call.error_type or "", attempt.error or "")
        if not self._is_models_fault(*names):
            return attempt
        self.count.used["failed: error of the model"] += 1
        return replace(attempt, success=False, evaluator="error")

    def _is_models_fault(self, *names: str) -> bool:
        """By the map's patterns where it has some, else by the kind of the error. A filter is no fault of the model's:
        a refusal says nothing about what it is able to."""
        patterns = self._evidence.errors
        if patterns is None:
            return error_kind(*names) in (ErrorKind.CONTEXT, ErrorKind.OUTPUT)
        return any(fnmatchcase(name, pattern) for pattern in patterns for name in names)

    def _by_answer(self, attempt: Attempt, step: Step, answer: Answer) -> Attempt:
        if answer.finish_reason and answer.finish_reason in map(finish_reason, self._evidence.finish_reasons):
            self.count.used[f"failed: finish reason {answer.finish_reason}"] += 1
            return replace(attempt, success=False, evaluator="finish_reason")
        if self._evidence.schema == "off" or not is_checkable(step, answer):
            return attempt
        if not self._can_check or self._n_hard >= MAX_HARD_SCHEMAS:
            self.count.n_schemas_not_checked += 1
            return attempt
        try:
            held = check_answer(step, answer)
        except ForeignError:
            self._n_hard += 1
            self.count.n_schemas_not_checked += 1
            return attempt
        if held.fits is False:
            self.count.used["failed: schema"] += 1
            return replace(attempt, success=False, evaluator="schema", error=held.detail)
        if held.fits is None or self._evidence.schema == "fails":
            return attempt
        self.count.used["succeeded: schema"] += 1
        return replace(attempt, success=True, evaluator="schema")

    @property
    def _evidence(self) -> Evidence:
        return self._mapping.evidence


def _follows(earlier: Call, later: Call) -> bool:
    """Did ``later`` start when ``earlier`` had ended? Without times the two may have been made side by side."""
    latency_ms = earlier.attempt.latency_ms
    if earlier.started_at is None or later.started_at is None or latency_ms is None:
        return False
    return later.started_at >= earlier.started_at + latency_ms / 1000
