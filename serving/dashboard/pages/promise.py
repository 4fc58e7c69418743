"""The watch over the live router's promise, as the quality page shows it."""

from dataclasses import dataclass

from tierwise.router_model.monitor.audits import MIN_SHOWN, AuditState
from tierwise.router_model.monitor.promise import PromiseState
from tierwise.router_model.router import Router
from tierwise.serving.service import Service
from tierwise.serving.watching.promise import promised_loss


@dataclass(frozen=True, slots=True)
class PromiseWatch:
    """``state`` None: nothing was read yet. ``is_broken``: the alarm stands; ``goes_to_top``: it moves all steps."""

    max_quality_loss: float
    state: PromiseState | None
    is_broken: bool
    goes_to_top: bool
    is_watched: bool

    @property
    def color(self) -> str:
        if self.is_broken:
            return "bad"
        return "good" if self.state is not None and self.state.verdict == "holds" else "unknown"

    @property
    def verdict(self) -> str:
        if self.is_broken:
            return "broken"
        return "nothing known yet" if self.state is None else self.state.verdict


def promise_watch(service: Service) -> PromiseWatch | None:
    """How the live router's promise stands; None while nothing is promised."""
    decider, settings, watched = service.slot.decider, service.settings, service.watched
    promised = promised_loss(decider)
    if promised is None:
        return None
    state = watched.state if watched.version == decider.version else None
    goes_to_top = settings.on_broken_promise == "top"
    return PromiseWatch(promised, state, watched.is_broken(decider.version), goes_to_top, settings.promise_seconds > 0)


@dataclass(frozen=True, slots=True)
class AuditRow:
    """The audits of all courses, or of one part; ``is_broken``: its alarm stands."""

    name: str
    state: AuditState
    is_broken: bool

    @property
    def color(self) -> str:
        return "bad" if self.is_broken else ("good" if self.state.verdict == "holds" else "unknown")

    @property
    def verdict(self) -> str:
        return "broken" if self.is_broken else self.state.verdict


@dataclass(frozen=True, slots=True)
class AuditWatch:
    """How the audits of the live router's courses stand; ``rows`` begin with all of them.

    ``n_hidden`` parts have fewer than ``min_shown`` audits. ``is_broken``: an alarm stands, though its audits may be
    gone from the log.
    """

    max_different: float
    rows: tuple[AuditRow, ...]
    n_hidden: int
    is_broken: bool
    goes_to_top: bool
    min_shown: int = MIN_SHOWN


def audit_watch(service: Service) -> AuditWatch | None:
    """None where the live router has no courses, or none were ever audited."""
    decider, watched = service.slot.decider, service.watched
    state, broken = watched.audits, watched.broken_courses
    if not isinstance(decider, Router) or decider.parts.courses is None or watched.version != decider.version:
        return None
    is_broken = broken is not None and broken.is_any
    if state is None or not (state.whole.n_audits or is_broken):
        return None
    shown = (state.whole, *state.shown_parts)
    rows = tuple(
        AuditRow(each.part or "all courses", each, broken is not None and broken.hold(each.part)) for each in shown
    )
    different = service.settings.audit_different
    return AuditWatch(different, rows, len(state.parts) - len(state.shown_parts), is_broken, watched.goes_to_top)
