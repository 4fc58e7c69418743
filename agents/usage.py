"""Token counts out of whatever a model client returned: dictionaries or objects, in OpenAI's or Anthropic's words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.foreign.limits import MAX_TOKENS


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call; ``input_tokens`` counts the whole prompt, ``cached_tokens`` the part of it that the provider
    had in its cache. None is unknown."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cached_tokens: int | None = None


def read_usage(reply: object) -> Usage:
    """The usage that a reply states, or is.

    >>> read_usage({"usage": {"prompt_tokens": 12, "completion_tokens": 3}})
    Usage(input_tokens=12, output_tokens=3, cached_tokens=None)
    """
    usage = _get(reply, "usage")
    usage = reply if usage is None else usage
    cached = _count(_get(_get(usage, "prompt_tokens_details") or _get(usage, "input_tokens_details"), "cached_tokens"))
    if (prompt := _count(_get(usage, "prompt_tokens"))) is not None:
        return Usage(prompt, _count(_get(usage, "completion_tokens")), cached)
    fresh, read = _count(_get(usage, "input_tokens")), _count(_get(usage, "cache_read_input_tokens"))
    if read is not None:  # Anthropic counts what it read from and wrote to its cache apart
        written = _count(_get(usage, "cache_creation_input_tokens")) or 0
        return Usage((fresh or 0) + read + written, _count(_get(usage, "output_tokens")), read)
    return Usage(fresh, _count(_get(usage, "output_tokens")), cached)


def cost_of(usage: Usage, tier: str, model: str | None, catalogue: TierCatalogue) -> float | None:
    """The price of a call in US dollars; None when a token count or a price is unknown."""
    if usage.input_tokens is None or usage.output_tokens is None or tier not in catalogue.names:
        return None
    models = catalogue.tiers[catalogue.index(tier)].models
    priced = next((each for each in models if each.name == model and each.has_prices), None)
    if priced is None:
        return None
    return priced.cost_usd(usage.input_tokens, usage.output_tokens, usage.cached_tokens or 0)


def _get(holder: object, key: str) -> Any:
    return holder.get(key) if isinstance(holder, Mapping) else getattr(holder, key, None)


def _count(value: object) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_TOKENS
    return int(value) if is_count and isinstance(value, int) else None
