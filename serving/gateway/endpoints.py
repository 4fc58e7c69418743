"""Which models can be called, and where."""

from collections.abc import Mapping
from dataclasses import fields, replace

from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.data.catalogue import Model, Tier, TierCatalogue
from tierwise.data.catalogue.model_calls import DEFAULT_PROTOCOLS


def find_endpoints(
    catalogue: TierCatalogue, overlay: TierCatalogue | None, environment: Mapping[str, str]
) -> tuple[Endpoint, ...]:
    """The models of ``catalogue`` that have a ``base_url``, cheapest tier first.

    A tier of ``overlay`` that names models replaces the models of the tier with the same name: a bundle is trained in
    one place and served in another. What the overlay leaves out of a model that the catalogue has too is taken from
    there. A model whose key stands in no environment variable cannot be called and is left out.
    """
    return tuple(
        Endpoint(tier.name, model, model.base_url, environment.get(model.api_key_env or ""))
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
    left_open = [each.name for each in fields(Model) if getattr(model, each.name) in (None, (), {}, DEFAULT_PROTOCOLS)]
    return replace(model, **{name: getattr(other, name) for name in left_open})
