"""The watch over the live router's promise, as the quality page shows it."""

from dataclasses import dataclass

from tierwise.router_model.monitor.promise import PromiseState
from tierwise.serving.promise import promised_loss
from tierwise.serving.service import Service


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
