"""Opinions of a course in the attempt loop: what is sent to be judged, and what is logged of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tierwise.agents.attempts.calling import Call
from tierwise.agents.attempts.settings import AttemptSettings
from tierwise.agents.attempts.verdict import Verdict
from tierwise.agents.client import OutcomeFields, RoutedDecision
from tierwise.agents.upstreams import Reply
from tierwise.data.courses import AGREEMENT, COURSE, LEARNED, Course
from tierwise.router_model.choosing.exploration import EXPLORED_CODE

MAX_NAME_CHARS, MAX_TIERS = 200, 16


@dataclass(frozen=True, slots=True)
class Opinion:
    """One model tried on a tier of the course."""

    tier: str
    called: Call
    verdict: Verdict

    @property
    def reply(self) -> Reply | None:
        return self.called.reply

    def to_wire(self) -> dict[str, Any]:
        """An entry of ``answers``; empty for a model that brought no reply."""
        reply = self.reply
        if reply is None:
            return {}
        counted = {} if reply.usage.output_tokens is None else {"output_tokens": reply.usage.output_tokens}
        return {"tier": self.tier, "model": reply.model, **said(reply), **counted}


def said(reply: Reply | None) -> OutcomeFields:
    """What an opinion was, for acceptance to judge it by and to learn from; nothing where no reply came."""
    fields: OutcomeFields = {}
    if reply is None:
        return fields
    if reply.text:
        fields["output"] = reply.text
    if reply.tool_calls:
        fields["tool_calls"] = [{"name": call.name, "arguments": call.arguments} for call in reply.tool_calls]
    if reply.finish_reason is not None:
        fields["finish_reason"] = reply.finish_reason
    if reply.logprobs is not None:
        fields["logprobs"] = asdict(reply.logprobs)
    return fields


def course_to_run(decision: RoutedDecision, settings: AttemptSettings) -> Course | None:
    """The course of a decision; None for a single shot, and where exploration or trouble picked the tier."""
    course = decision.course
    if not settings.courses or course is None or course.accept not in (LEARNED, AGREEMENT):
        return None
    return None if decision.fallback or decision.reason.code == EXPLORED_CODE else course


def accepted_of(opinions: Sequence[Opinion], found: object) -> Opinion | None:
    """The opinion that is accepted by ``found``, the answer of ``POST /accept``."""
    tier = found.get("accept") if isinstance(found, Mapping) else None
    return next((one for one in opinions if one.tier == tier), None)


def noted(course: Course, found: object, is_used: bool) -> Mapping[str, Any]:
    """The extra fields of an opinion in the log."""
    told = found if isinstance(found, Mapping) else {}
    reason = told.get("reason")
    acceptance = {
        "accepted": _short(told.get("accept")),
        "reason": _short(reason.get("code")) if isinstance(reason, Mapping) else None,
        "p_success": _probabilities(told.get("p_success")),
    }
    return {COURSE: course.to_mapping(), "acceptance": acceptance, "is_used": is_used}


def _short(raw: object) -> str | None:
    return raw[:MAX_NAME_CHARS] if isinstance(raw, str) else None


def _probabilities(raw: object) -> dict[str, float]:
    """Those that are some: what a service says is not logged unseen."""
    known = list(raw.items())[:MAX_TIERS] if isinstance(raw, Mapping) else []
    return {
        name[:MAX_NAME_CHARS]: p
        for name, p in known
        if isinstance(name, str) and isinstance(p, int | float) and not isinstance(p, bool) and 0 <= p <= 1
    }
