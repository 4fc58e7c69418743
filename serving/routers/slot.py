"""The live router, in one place, exchanged as a whole: a request that has taken it keeps it to the end."""

from dataclasses import dataclass
from pathlib import Path

from tierwise.data.catalogue import TierCatalogue
from tierwise.router_model.choosing.guardrails import Guardrails
from tierwise.router_model.decider import Decider
from tierwise.router_model.rules import ConstantRouter, RulesRouter
from tierwise.router_model.stages import Stage, unobserved
from tierwise.serving.settings import Settings, SettingsError
from tierwise.serving.watching.metrics import Metrics, Role


@dataclass(frozen=True, slots=True)
class SlotState:
    """What the slot serves and why. ``refusal`` is the reason why the last bundle was not taken, None if it was."""

    decider: Decider
    has_bundle: bool
    refusal: str | None = None


class RouterSlot:
    """Holds the state that serves. Reading and writing one attribute is atomic, so no request sees half a swap.

    The slot of the challenger has no router of its own until a bundle comes: ``decider`` is a stand-in.
    """

    def __init__(self, decider: Decider, metrics: Metrics, has_bundle: bool = False, role: Role = "champion") -> None:
        self._metrics = metrics
        self._role: Role = role
        self.state = SlotState(decider, has_bundle)
        if role == "champion":
            metrics.note_router(role, decider.policy, decider.version)

    @property
    def decider(self) -> Decider:
        return self.state.decider

    def swap(self, decider: Decider) -> None:
        """Takes a proven router into service."""
        self.state = SlotState(decider, has_bundle=True)
        self._metrics.note_router(self._role, decider.policy, decider.version)

    def confirm(self) -> None:
        """The source holds the live router: nothing is refused any more."""
        self.state = SlotState(self.state.decider, self.state.has_bundle)

    def refuse(self, reason: str) -> None:
        """Keeps what is live and remembers why the newcomer was not taken."""
        if reason != self.state.refusal:
            self._metrics.refusals.labels(self._role).inc()
        self.state = SlotState(self.state.decider, self.state.has_bundle, refusal=reason)


def load_router(folder: Path, guardrails: Guardrails, stage: Stage = unobserved) -> Decider:
    """The learned router of a bundle, within the guardrails of the settings too; ``stage`` runs its stages.

    Raises ``TierwiseError`` for a bundle that fails its own checks or lacks the tiers of the guardrails.
    """
    from tierwise.router_model.router import Router

    return Router.load(folder).guarded(guardrails).observed(stage)


def overflow_router(folder: Path, guardrails: Guardrails, stage: Stage = unobserved) -> Decider:
    """The router for what a slow one cannot take. Raises ``TierwiseError`` for a bundle that is slow itself."""
    router = load_router(folder, guardrails, stage)
    if router.is_slow:
        raise SettingsError(f"overflow: {folder} has a transformer encoder; name a bundle with the static one")
    return router


def stand_in_router(settings: Settings) -> RulesRouter | ConstantRouter:
    """What decides where there is no bundle: the top tier, as without a router; the rules where they are asked for.

    Raises ``CatalogueError`` for tiers that cannot be used.
    """
    catalogue = TierCatalogue.load(settings.tiers)
    guardrails = guardrails_of(settings)
    guardrails.check(catalogue)
    if settings.rules:
        return RulesRouter(catalogue, guardrails)
    return ConstantRouter(catalogue, catalogue.top.name, guardrails)


def what_it_does(decider: Decider) -> str:
    """For people: what a service without a bundle decides."""
    if isinstance(decider, ConstantRouter):
        return f"no bundle is configured; every step goes to '{decider.tier}'"
    return "no bundle is configured; deciding by the rules"


def guardrails_of(settings: Settings) -> Guardrails:
    return Guardrails(
        human_visible_min_tier=settings.human_visible_min_tier,
        judgment_min_tier=settings.judgment_min_tier,
        stuck_min_tier=settings.stuck_min_tier,
    )
