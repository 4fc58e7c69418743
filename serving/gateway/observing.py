"""Observing: every call goes to the model that its caller names, as without a router, and is logged with its answer."""

from collections.abc import Sequence
from dataclasses import fields, replace

from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.catalogue.prices import look_up_prices
from tierwise.serving.gateway.calls.asked import BEST, PROFILES

MAX_FOREIGN_MODELS = 256


class Observer:
    """Finds where a call goes when nothing is routed.

    A model that no tier names is asked for at the address of the dearest one, and counts as that tier: whatever people
    use today, it is the top. The automatic names mean the top tier too.
    """

    def __init__(self) -> None:
        self._foreign: dict[tuple[str, str], Endpoint] = {}

    def endpoints_for(self, model: str, endpoints: Sequence[Endpoint]) -> tuple[Endpoint, ...]:
        """In the order in which they are tried; empty where nothing can be called."""
        if not endpoints:
            return ()
        top = endpoints[-1].tier
        if model in PROFILES or model == BEST:
            return tuple(each for each in endpoints if each.tier == top)
        named = tuple(each for each in endpoints if each.model.name == model)
        return named or (self._as_foreign(model, next(each for each in endpoints if each.tier == top)),)

    def _as_foreign(self, model: str, like: Endpoint) -> Endpoint:
        """Remembered, because an endpoint knows whether its provider is well."""
        key = (model, like.base_url)
        if key not in self._foreign:
            if len(self._foreign) >= MAX_FOREIGN_MODELS:
                self._foreign.clear()
            self._foreign[key] = _foreign(model, like)
        return self._foreign[key]


def _foreign(model: str, like: Endpoint) -> Endpoint:
    prices = look_up_prices(model)
    named = replace(
        like.model,
        name=model,
        **{each.name: getattr(prices, each.name) for each in fields(prices)},
        context_window=None,
        capabilities=(),
        provider_name=None,
        parameters={},
    )
    return Endpoint(like.tier, named, like.base_url, like.key)
