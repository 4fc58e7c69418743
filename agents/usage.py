"""Token counts out of whatever a model client returned, and what they cost by the catalogue."""

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.replies.usage import Usage, read_usage

__all__ = ["Usage", "cost_of", "read_usage"]


def cost_of(usage: Usage, tier: str, model: str | None, catalogue: TierCatalogue) -> float | None:
    """The price of a call in US dollars; None when a token count or a price is unknown."""
    if tier not in catalogue.names:
        return None
    models = catalogue.tiers[catalogue.index(tier)].models
    priced = next((each for each in models if each.name == model), None)
    return None if priced is None else priced.usage_cost_usd(usage)
