"""The decision when the router cannot take one."""

from tierwise.data.records import Decision, Reason
from tierwise.router_model.choosing.guardrails import Guardrails, open_tiers
from tierwise.router_model.decider import Decider
from tierwise.serving.http.wire import RouteRequest

ERROR_CODE = "router_error"
OVERLOADED_CODE = "overloaded"

_TEXTS = {ERROR_CODE: "The router failed", OVERLOADED_CODE: "Too many decisions are under way"}


class Fallback:
    """The decision when the router cannot take one: the configured tier, or the dearest that is open."""

    def __init__(self, tier: str | None, guardrails: Guardrails) -> None:
        self._tier = tier
        self._guardrails = guardrails

    def decide(self, request: RouteRequest, decider: Decider, code: str = ERROR_CODE) -> Decision:
        """Needs nothing but the catalogue. A fallback tier that the catalogue does not have counts as unset."""
        catalogue = decider.catalogue
        wanted = catalogue.index(self._tier) if self._tier in catalogue.names else len(catalogue) - 1
        allowed = open_tiers(request.step, request.options, self._guardrails, catalogue)
        tier = catalogue.tiers[allowed.clamp(wanted)]
        return Decision(
            tier=tier.name,
            model=tier.model.name if tier.model else None,
            policy=decider.policy,
            router_version=decider.version,
            reason=Reason(code, f"{_TEXTS[code]}; '{tier.name}' is the fallback."),
            is_fallback=True,
        )
