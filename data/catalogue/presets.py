"""Presets of providers: addresses, key variables and current models by tier, with today's list prices."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tierwise.data.catalogue.prices import ModelPrices
from tierwise.data.errors import CatalogueError

PRESETS_PATH = Path(__file__).parent / "presets.toml"
TIER_NAMES = ("small", "mid", "frontier")
_OUTPUT_WEIGHT = 0.25  # agents' prompts are longer than their answers
_SAMPLE_TOKENS = 1_000
_PER_MTOK = 1e6 / _SAMPLE_TOKENS


@dataclass(frozen=True, slots=True)
class PresetModel:
    """A model as a ``tiers.toml`` is to name it. ``is_assumed``: the prices are a guess at what a token costs."""

    name: str
    provider: "Preset"
    prices: ModelPrices
    is_assumed: bool = False

    @property
    def blended_usd(self) -> float | None:
        """US dollars per million tokens, a quarter of them output; None where nobody lists the model."""
        if self.prices.input_usd_per_mtok is None or self.prices.output_usd_per_mtok is None:
            return None
        fresh, answered = self.prices.input_usd_per_mtok, self.prices.output_usd_per_mtok
        return (1 - _OUTPUT_WEIGHT) * fresh + _OUTPUT_WEIGHT * answered


@dataclass(frozen=True, slots=True)
class Preset:
    """One provider. ``tiers`` holds names by tier; of several names the first that has a list price is taken."""

    name: str
    title: str
    base_url: str
    api_key_env: str | None
    price_list: str | None
    prefix: str
    assumed: tuple[float, ...]
    tiers: Mapping[str, tuple[str, ...]]

    def model(self, tier: str) -> PresetModel | None:
        """The model for a tier; None where the provider has none for it."""
        candidates = [self.named(name, tier) for name in self.tiers.get(tier, ())]
        return next(
            (each for each in candidates if each.blended_usd is not None), candidates[0] if candidates else None
        )

    def named(self, name: str, tier: str = "frontier") -> PresetModel:
        """A model of this provider by its name, with its list price, or the price assumed for the tier."""
        if self.assumed:
            usd = self.assumed[TIER_NAMES.index(tier)]
            return PresetModel(name, self, ModelPrices(usd, None, usd), is_assumed=True)
        return PresetModel(self.prefix + name.removeprefix(self.prefix), self, self._list_prices(name))

    def knows(self, model: str) -> bool:
        """Whether the provider's price list has a model of that name."""
        return self._list_prices(model).is_complete

    def _list_prices(self, model: str) -> ModelPrices:
        """The list may have the name with the provider's prefix or without."""
        bare = list_prices(model.removeprefix(self.prefix), self.price_list)
        return bare if bare.is_complete else list_prices(self.prefix + model.removeprefix(self.prefix), self.price_list)


@cache
def load_presets(path: Path = PRESETS_PATH) -> Mapping[str, Preset]:
    """All presets by name."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _preset(name, entry) for name, entry in raw.items()}


def find_preset(name: str) -> Preset:
    """Raises ``CatalogueError`` for a provider without a preset."""
    presets = load_presets()
    if name not in presets:
        raise CatalogueError(f"there is no preset for '{name}'; there are {', '.join(presets)}")
    return presets[name]


def provider_of(models: Iterable[str]) -> Preset | None:
    """The provider whose price list knows most of ``models``; of several the first preset. None where none does."""
    names = [name.rpartition("/")[2] if name.startswith(("openai/", "anthropic/")) else name for name in models]
    counted = [(sum(preset.knows(name) for name in names), preset) for preset in load_presets().values()]
    n_known, best = max(counted, key=lambda entry: entry[0])
    return best if n_known else None


@cache
def list_prices(name: str, price_list: str | None) -> ModelPrices:
    """US dollars per million tokens in a provider's list of genai-prices; all None where the model is not in it."""
    from genai_prices import Usage, calc_price  # slow to import

    def price(usage: Usage) -> float | None:
        try:
            return float(calc_price(usage, model_ref=name, provider_id=price_list).total_price) * _PER_MTOK
        except LookupError:
            return None

    if price_list is None:
        return ModelPrices()
    cached = Usage(input_tokens=_SAMPLE_TOKENS, cache_read_tokens=_SAMPLE_TOKENS)
    return ModelPrices(
        price(Usage(input_tokens=_SAMPLE_TOKENS)), price(cached), price(Usage(output_tokens=_SAMPLE_TOKENS))
    )


def _preset(name: str, entry: Mapping[str, Any]) -> Preset:
    return Preset(
        name=name,
        title=entry["title"],
        base_url=entry["base_url"],
        api_key_env=entry.get("api_key_env"),
        price_list=entry.get("prices"),
        prefix=entry.get("prefix", ""),
        assumed=tuple(entry.get("assumed", ())),
        tiers={tier: tuple(entry[tier]) for tier in TIER_NAMES if tier in entry},
    )
