"""Model prices: what the catalogue leaves out is looked up in the genai-prices package, offline."""

from dataclasses import dataclass
from functools import lru_cache

_SAMPLE_TOKENS = 1_000
_PER_MTOK = 1e6 / _SAMPLE_TOKENS


@dataclass(frozen=True, slots=True)
class ModelPrices:
    """US dollars per million tokens; None is unknown."""

    input_usd_per_mtok: float | None = None
    cached_input_usd_per_mtok: float | None = None
    output_usd_per_mtok: float | None = None

    @property
    def is_complete(self) -> bool:
        return self.input_usd_per_mtok is not None and self.output_usd_per_mtok is not None

    def completed_by(self, other: "ModelPrices") -> "ModelPrices":
        """Own prices first, the other's where one is unknown."""
        return ModelPrices(
            other.input_usd_per_mtok if self.input_usd_per_mtok is None else self.input_usd_per_mtok,
            other.cached_input_usd_per_mtok
            if self.cached_input_usd_per_mtok is None
            else self.cached_input_usd_per_mtok,
            other.output_usd_per_mtok if self.output_usd_per_mtok is None else self.output_usd_per_mtok,
        )


@lru_cache(maxsize=256)
def look_up_prices(model: str) -> ModelPrices:
    """List prices of ``model`` ("gpt-4o-mini" or "provider/name"); all None when nobody lists it."""
    from genai_prices import Usage, calc_price  # slow to import, and not needed when the catalogue has prices

    provider, _, name = model.rpartition("/")

    def price(usage: Usage) -> float | None:
        for reference, provider_id in ((name, provider or None), (model, None), (name, None)):
            try:
                return float(calc_price(usage, model_ref=reference, provider_id=provider_id).total_price) * _PER_MTOK
            except LookupError:
                continue
        return None

    return ModelPrices(
        price(Usage(input_tokens=_SAMPLE_TOKENS)),
        price(Usage(input_tokens=_SAMPLE_TOKENS, cache_read_tokens=_SAMPLE_TOKENS)),
        price(Usage(output_tokens=_SAMPLE_TOKENS)),
    )
