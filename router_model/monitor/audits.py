"""Audits of accepted answers, as the log tells them: do more differ from the top tier's than may?

One bet on all of them and one on each part of the work that was audited, each by the gamblers of the promise, task by
task. The whole has half of the risk; the parts share the other half in the order in which they first appear in the log,
so that all alarms together are false with probability ``1 - confidence`` at most, however often one looks. What is
bounded is the share among audited answers: audits must be drawn by chances that do not look at the answers.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from tierwise.data.records import LoggedStep, Step
from tierwise.router_model.choosing.policy import Policy
from tierwise.router_model.monitor.different import DIFFERENT
from tierwise.router_model.monitor.evidence import audit_of, is_same_audited, show_accepted
from tierwise.router_model.monitor.promise import ACCEPTED, CONFIDENCE, PromiseMonitor, PromiseState

MIN_SHOWN = 20
"""Parts of fewer audits are watched, but say too little to be shown."""


@dataclass(frozen=True, slots=True)
class AuditState:
    """The audits of ``part``, None for all. ``n_different`` of ``n_audits`` differ, ``n_failed`` of those because the
    top tier did not answer; ``state`` holds the bet in the words of the promise."""

    part: str | None
    n_audits: int
    n_different: int
    n_failed: int
    state: PromiseState

    @property
    def is_broken(self) -> bool:
        return self.state.is_broken

    @property
    def lower(self) -> float:
        """The least share that differs, at ``state.confidence``, at every look."""
        return max(0.0, self.state.lower)

    @property
    def upper(self) -> float:
        return self.state.upper

    @property
    def verdict(self) -> str:
        """In words, for people."""
        return self.state.verdict

    def text(self) -> str:
        """The state in a sentence, for logs and the audit trail."""
        where = "" if self.part is None else f" of {self.part}"
        failed = f", {self.n_failed} of them because the top tier did not answer" if self.n_failed else ""
        return (
            f"{self.n_different} of {self.n_audits} audited answers{where} differ from the top tier's{failed}:"
            f" {self.lower:.1%} to {self.upper:.1%} at {self.state.confidence:.1%} confidence, where"
            f" {self.state.max_quality_loss:.1%} may"
        )


@dataclass(frozen=True, slots=True)
class AuditsState:
    """All audits together, and every part by itself, in the order in which the parts appeared."""

    whole: AuditState
    parts: tuple[AuditState, ...] = ()

    @property
    def broken(self) -> tuple[AuditState, ...]:
        return tuple(each for each in (self.whole, *self.parts) if each.is_broken)

    @property
    def shown_parts(self) -> tuple[AuditState, ...]:
        """Those that say something, and those that are broken."""
        return tuple(each for each in self.parts if each.n_audits >= MIN_SHOWN or each.is_broken)


class AuditMonitor:
    """Takes decisions in the order of their time. ``part_of`` names the part of a step, None for one of none."""

    def __init__(
        self,
        tiers: Sequence[str],
        max_different: float = DIFFERENT,
        part_of: Callable[[Step], str | None] = lambda _: None,
        confidence: float = CONFIDENCE,
    ) -> None:
        self._tiers = tuple(tiers)
        self._max_different = max_different
        self._part_of = part_of
        self._risk = 1.0 - confidence
        self._whole = self._watch(None, self._risk / 2)
        self._parts: dict[str, _Watch] = {}

    def take(self, steps: Iterable[LoggedStep]) -> int:
        """Adds decisions and returns how many of them were audited."""
        audited = [logged for logged in steps if show_accepted(logged, self._tiers) is not None]
        for logged in audited:
            self._whole.add(logged)
            part = self._part_of(logged.step)
            if part is not None:
                self._of(part).add(logged)
        return len(audited)

    def state(self) -> AuditsState:
        """How the audits stand now."""
        return AuditsState(self._whole.state(), tuple(each.state() for each in self._parts.values()))

    def _of(self, part: str) -> "_Watch":
        if part not in self._parts:
            order = len(self._parts) + 1
            self._parts[part] = self._watch(part, self._risk / 2 / (order * (order + 1)))
        return self._parts[part]

    def _watch(self, part: str | None, risk: float) -> "_Watch":
        monitor = PromiseMonitor(self._tiers, self._max_different, 1.0 - risk, ACCEPTED)
        return _Watch(part, self._tiers, monitor)


def part_namer(policy: Policy) -> Callable[[Step], str | None]:
    """The name of the part that was certified for a step; None where there are no parts, or none of them is its."""

    def name(step: Step) -> str | None:
        part = policy.part_of(step) if len(policy.parts) > 1 else None
        return None if part is None else part.name

    return name


@dataclass(slots=True)
class _Watch:
    part: str | None
    tiers: Sequence[str]
    monitor: PromiseMonitor
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("audits", "different", "failed"), 0))

    def add(self, logged: LoggedStep) -> None:
        audit = audit_of(logged, self.tiers)
        if audit is None:
            return
        self.monitor.take([logged])
        self.counts["audits"] += 1
        self.counts["different"] += not is_same_audited(audit)
        self.counts["failed"] += audit.error is not None

    def state(self) -> AuditState:
        counts = self.counts
        return AuditState(self.part, counts["audits"], counts["different"], counts["failed"], self.monitor.state())
