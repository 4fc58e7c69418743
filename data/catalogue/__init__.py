"""The tier catalogue: which models stand for each tier, what they are called and what they cost."""

from tierwise.data.catalogue.tiers import DEFAULT_TIERS_PATH, Model, Tier, TierCatalogue

__all__ = ["DEFAULT_TIERS_PATH", "Model", "Tier", "TierCatalogue"]
