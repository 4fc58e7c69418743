"""What the watch over the live router found, as the request path and the pages read it."""

import math
from dataclasses import dataclass, field, replace

from tierwise.data.courses import AGREEMENT, ALWAYS, LEARNED, Course
from tierwise.data.records import Decision, Reason
from tierwise.router_model.choosing.guardrails import open_tiers
from tierwise.router_model.decider import Decider
from tierwise.router_model.monitor.audits import AuditsState, part_namer
from tierwise.router_model.monitor.evidence import BROKEN_CODE
from tierwise.router_model.monitor.promise import PromiseState
from tierwise.router_model.router import Router
from tierwise.serving.http.wire import RouteRequest

_PROMISE = "The router's promise does not hold any more"
_AUDITS = "Too many answers that courses accepted differ from the top tier's"


@dataclass(frozen=True, slots=True)
class BrokenCourses:
    """The parts of a router version whose audits raised the alarm; ``is_whole``: all courses end."""

    version: str
    is_whole: bool = False
    parts: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_any(self) -> bool:
        return self.is_whole or bool(self.parts)

    def joined(self, part: str | None) -> "BrokenCourses":
        """With the alarm of ``part`` too, None for all."""
        return replace(self, is_whole=True) if part is None else replace(self, parts=self.parts | {part})

    def hold(self, part: str | None) -> bool:
        """Whether the alarm of ``part`` was raised, None for that of the whole."""
        return self.is_whole if part is None else part in self.parts


class Watched:
    """One attribute each, exchanged as a whole: a thread writes, the request path reads.

    ``goes_to_top``: what a broken promise or broken courses would have decided goes to the dearest open tier.
    """

    def __init__(self, goes_to_top: bool) -> None:
        self.goes_to_top = goes_to_top
        self.version: str | None = None
        self.state: PromiseState | None = None
        self.broken_version: str | None = None
        self.audits: AuditsState | None = None
        self.broken_courses: BrokenCourses | None = None

    def kept(self, decision: Decision, request: RouteRequest, decider: Decider) -> Decision:
        """``decision``, or what takes its place: the top open tier where its router's promise is broken and the
        settings say so; the single shot, or likewise the top, where the audits broke its course."""
        if decision.is_fallback:
            return decision
        if self.goes_to_top and self.broken_version is not None and decision.router_version == self.broken_version:
            return _at_the_top(decision, request, decider, _PROMISE)
        if decision.course is None or not self._is_broken(decision.course, request, decider):
            return decision
        if self.goes_to_top:
            return _at_the_top(decision, request, decider, _AUDITS)
        return replace(decision, course=Course((decision.tier,), ALWAYS, decision.course.otherwise))

    def is_broken(self, version: str) -> bool:
        return self.broken_version == version

    def _is_broken(self, course: Course, request: RouteRequest, decider: Decider) -> bool:
        broken = self.broken_courses
        if broken is None or decider.version != broken.version or course.accept not in (LEARNED, AGREEMENT):
            return False
        if broken.is_whole or not broken.parts or not isinstance(decider, Router):
            return broken.is_whole
        return broken.hold(part_namer(decider.parts.policy)(request.step) or "")


def _at_the_top(decision: Decision, request: RouteRequest, decider: Decider, why: str) -> Decision:
    """The dearest open tier within the caller's budget; the decision as it was where only that fits."""
    allowed = open_tiers(request.step, request.options, decider.guardrails, decider.catalogue)
    limit = request.options.max_cost_usd
    names = decider.catalogue.names[allowed.low : allowed.high + 1]
    costs = decision.expected_cost_usd
    fitting = [name for name in names if limit is None or costs.get(name, math.inf) <= limit]
    if not fitting:
        return decision
    tier = decider.catalogue.tiers[decider.catalogue.index(fitting[-1])]
    text = f"{why}; '{tier.name}', the dearest open tier, is taken."
    model = tier.model.name if tier.model else None
    return replace(
        decision, tier=tier.name, model=model, reason=Reason(BROKEN_CODE, text), is_fallback=True, course=None
    )
