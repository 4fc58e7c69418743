"""Model prices: what the catalogue leaves out is looked up in the genai-prices package, offline."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from tierwise.data.catalogue.model_names import model_names


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPromptPrices:
    """What every token of a call costs, US dollars per million, once its prompt has more than ``above_tokens``."""

    above_tokens: int
    input_usd_per_mtok: float
    output_usd_per_mtok: float
    cached_input_usd_per_mtok: float | None = None
    cache_write_usd_per_mtok: float | None = None


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """US dollars per million tokens; None is unknown. Where a cached or a written token has no price of its own, it
    costs what any input token costs. ``long_prompts`` stand in rising order of their lengths."""

    input_usd_per_mtok: float | None = None
    cached_input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None
    cache_write_usd_per_mtok: float | None = None
    long_prompts: tuple[LongPromptPrices, ...] = ()

    @property
    def is_complete(self) -> bool:
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None

    @property
    def is_open(self) -> bool:
        """Whether neither input nor output has a price, so that all of somebody else's fit together here."""
        return self.input_usd_per_mtok is None and self.output_usd_per_mtok is None

    def completed_by(self, other: "ModelPrices") -> "ModelPrices":
        """Own prices first, the other's where one is unknown. Prices by length are taken with all or not at all."""

        def first(own: float | None, others: float | None) -> float | None:
            return others if own is None else own

        return ModelPrices(
            first(self.input_usd_per_mtok, other.input_usd_per_mtok),
            first(self.cached_input_usd_per_mtok, other.cached_input_usd_per_mtok),
            first(self.output_usd_per_mtok, other.output_usd_per_mtok),
            first(self.cache_write_usd_per_mtok, other.cache_write_usd_per_mtok),
            self.long_prompts or (other.long_prompts if self.is_open else ()),
        )

    def at(self, input_tokens: float) -> "ModelPrices":
        """The prices of a call whose whole prompt has ``input_tokens``: beyond a limit the dearer ones hold for every
        token of the call, not only for those beyond it."""
        reached = [prices for prices in self.long_prompts if input_tokens > prices.above_tokens]
        if not reached:
            return self
        last = reached[-1]
        return ModelPrices(
            last.input_usd_per_mtok,
            last.cached_input_usd_per_mtok,
            last.output_usd_per_mtok,
            last.cache_write_usd_per_mtok,
        )


@lru_cache(maxsize=1024)
def look_up_prices(model: str, is_exact: bool = False) -> ModelPrices:
    """List prices of ``model`` ("gpt-4o-mini" or "provider/name"); all None when nobody lists it. Unless ``is_exact``,
    a date or a region that is not listed costs what the model without it does."""
    names = (model,) if is_exact else dict.fromkeys((model, *model_names(model)))
    listed = next((found for name in names if (found := _listed(name)) is not None), None)
    if listed is None:
        return ModelPrices()
    base = _prices_at(listed, 0)
    limits = sorted({tier.start for name in _FIELDS for tier in getattr(getattr(listed, name), "tiers", ())})
    if not base.is_complete:
        return base
    return replace(base, long_prompts=tuple(_long_prices(listed, int(limit)) for limit in limits))


_FIELDS = ("input_mtok", "cache_read_mtok", "output_mtok", "cache_write_mtok")


def _listed(model: str) -> Any | None:
    from genai_prices import Usage, calc_price  # slow to import, and not needed when the catalogue has prices

    provider, _, name = model.rpartition("/")
    for reference, provider_id in ((name, provider or None), (model, None), (name, None)):
        try:
            return calc_price(Usage(input_tokens=1), model_ref=reference, provider_id=provider_id).model_price
        except LookupError:
            continue
    return None


def _prices_at(listed: Any, n_tokens: int) -> ModelPrices:
    """The prices of a prompt of ``n_tokens``. What is not listed for the cache costs as much as fresh input."""
    found = [_price(getattr(listed, name), n_tokens) for name in _FIELDS]
    fresh, cached, output, written = found
    return ModelPrices(fresh, fresh if cached is None else cached, output, written)


def _long_prices(listed: Any, limit: int) -> LongPromptPrices:
    prices = _prices_at(listed, limit + 1)
    return LongPromptPrices(
        above_tokens=limit,
        input_usd_per_mtok=prices.input_usd_per_mtok or 0.0,
        output_usd_per_mtok=prices.output_usd_per_mtok or 0.0,
        cached_input_usd_per_mtok=prices.cached_input_usd_per_mtok,
        cache_write_usd_per_mtok=prices.cache_write_usd_per_mtok,
    )


def _price(listed: Any, n_tokens: int) -> float | None:
    """One of the package's prices: a number, or one with steps by the length of the prompt."""
    if listed is None:
        return None
    reached = [tier.price for tier in getattr(listed, "tiers", ()) if n_tokens > tier.start]
    return float(reached[-1] if reached else getattr(listed, "base", listed))
