"""Which models can be called, where, and in which order they stand in for each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from time import monotonic

from tierwise.agents.breaker import CircuitBreaker
from tierwise.data.catalogue import Model, Tier, TierCatalogue

PATH = "/chat/completions"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One model of one tier, with the address and the key to call it, and whether that is worth trying now."""

    tier: str
    model: Model
    url: str
    key: str | None
    breaker: CircuitBreaker = field(default_factory=lambda: CircuitBreaker(monotonic), compare=False)

    def can(self, capabilities: frozenset[str]) -> bool:
        """Whether the model has what a call needs. One that declares nothing is taken to have everything."""
        return not self.model.capabilities or capabilities <= set(self.model.capabilities)


def find_endpoints(
    catalogue: TierCatalogue, overlay: TierCatalogue | None, environment: Mapping[str, str]
) -> tuple[Endpoint, ...]:
    """The models of ``catalogue`` that have a ``base_url``, cheapest tier first.

    A tier of ``overlay`` that names models replaces the models of the tier with the same name: a bundle is trained in
    one place and served in another. What the overlay leaves out of a model that the catalogue has too is taken from
    there. A model whose key stands in no environment variable cannot be called and is left out.
    """
    return tuple(
        Endpoint(tier.name, model, model.base_url.rstrip("/") + PATH, environment.get(model.api_key_env or ""))
        for tier in catalogue.tiers
        for model in _models(tier, overlay)
        if model.base_url and not missing_key(model, environment)
    )


def missing_key(model: Model, environment: Mapping[str, str]) -> str | None:
    """The environment variable that a model's key should stand in and does not."""
    return model.api_key_env if model.api_key_env and not environment.get(model.api_key_env) else None


def find_missing_keys(
    catalogue: TierCatalogue, overlay: TierCatalogue | None, environment: Mapping[str, str]
) -> list[str]:
    """The variables that are missing, in the order of the tiers."""
    models = [model for tier in catalogue.tiers for model in _models(tier, overlay) if model.base_url]
    return list(dict.fromkeys(name for model in models if (name := missing_key(model, environment))))


def line_up(
    endpoints: Sequence[Endpoint], names: Sequence[str], tier: str, max_tier: str | None, needs: frozenset[str]
) -> tuple[Endpoint, ...]:
    """The endpoints for a decision, in the order in which they are tried: ``tier`` first, then dearer ones.

    ``names`` are all tiers, cheapest first; nothing above ``max_tier`` is taken. A tier that is none of them, as
    another arm of an experiment may know it, counts as the dearest.
    """
    low = names.index(tier) if tier in names else len(names) - 1
    high = len(names) - 1 if max_tier is None else names.index(max_tier)
    open_names = names[low : high + 1]
    return tuple(each for name in open_names for each in endpoints if each.tier == name and each.can(needs))


def _models(tier: Tier, overlay: TierCatalogue | None) -> tuple[Model, ...]:
    if overlay is None or tier.name not in overlay.names:
        return tier.models
    given = overlay.tiers[overlay.index(tier.name)].models
    known = {model.name: model for model in tier.models}
    return tuple(_completed(model, known.get(model.name)) for model in given) or tier.models


def _completed(model: Model, other: Model | None) -> Model:
    """``model``, with what it leaves open taken from ``other``."""
    if other is None:
        return model
    left_open = [each.name for each in fields(Model) if getattr(model, each.name) in (None, ())]
    return replace(model, **{name: getattr(other, name) for name in left_open})
