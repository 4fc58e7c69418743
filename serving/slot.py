"""The live router, in one place, exchanged as a whole: a request that has taken it keeps it to the end."""

from dataclasses import dataclass
from pathlib import Path

from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.decider import Decider
from tierwise.router_model.guardrails import Guardrails
from tierwise.router_model.rules import RulesRouter
from tierwise.serving.metrics import Metrics
from tierwise.serving.settings import Settings

NO_BUNDLE = "no bundle is configured; deciding by the rules"


@dataclass(frozen=True, slots=True)
class SlotState:
    """What the slot serves and why. ``refusal`` is the reason why the last bundle was not taken, None if it was."""

    decider: Decider
    has_bundle: bool
    refusal: str | None = None


class RouterSlot:
    """Holds the state that serves. Reading and writing one attribute is atomic, so no request sees half a swap."""

    def __init__(self, decider: Decider, metrics: Metrics, has_bundle: bool = False) -> None:
        self._metrics = metrics
        self.state = SlotState(decider, has_bundle)
        metrics.note_router(decider.policy, decider.version)

    @property
    def decider(self) -> Decider:
        return self.state.decider

    def swap(self, decider: Decider) -> None:
        """Takes a proven router into service."""
        self.state = SlotState(decider, has_bundle=True)
        self._metrics.note_router(decider.policy, decider.version)

    def confirm(self) -> None:
        """The source holds the live router: nothing is refused any more."""
        self.state = SlotState(self.state.decider, self.state.has_bundle)

    def refuse(self, reason: str) -> None:
        """Keeps what is live and remembers why the newcomer was not taken."""
        if reason != self.state.refusal:
            self._metrics.refusals.inc()
        self.state = SlotState(self.state.decider, self.state.has_bundle, refusal=reason)


def load_router(folder: Path) -> Decider:
    """The learned router of a bundle. Raises ``TierwiseError`` for one that fails its own checks."""
    from tierwise.router_model.router import Router

    return Router.load(folder)


def rules_router(settings: Settings) -> RulesRouter:
    """What decides where there is no bundle. Raises ``CatalogueError`` for tiers that cannot be used."""
    catalogue = TierCatalogue.load(settings.tiers)
    guardrails = guardrails_of(settings)
    guardrails.check(catalogue)
    return RulesRouter(catalogue, guardrails)


def guardrails_of(settings: Settings) -> Guardrails:
    return Guardrails(
        human_visible_min_tier=settings.human_visible_min_tier, judgment_min_tier=settings.judgment_min_tier
    )
