"""From a model's name in a log to its tier. Providers' prefixes, dates and versions at the end do not matter."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.importers.errors import ForeignLogError
from tierwise.data.prices import look_up_prices

# gpt-4o-2024-08-06, claude-3-5-sonnet-20241022, claude-3-haiku@20240307, gemini-1.5-pro-002, …-v1:0, …-latest, …:latest
_VERSION = re.compile(r"(?:[-@:](?:20\d{2}-?\d{2}-?\d{2}|latest|preview|\d{3,4}|v\d(?::\d)?))+$")
_REGION = re.compile(r"^(?:us|eu|apac|global)\.(?=[a-z]+\.)")
_VENDOR = re.compile(r"^(?:openai|anthropic|google|meta|mistral|amazon|cohere|deepseek|qwen|ai21)\.")
_OUTPUT_WEIGHT = 0.25  # agents' prompts are longer than their answers
_SMALL_USD, _MID_USD = 0.5, 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model stands: its tier, and its entry in the catalogue where it has one."""

    tier: str
    model: Model | None = None


class TierLookup:
    """Finds the tier of a model's name; ``overrides`` map names or patterns to tiers and win."""

    def __init__(self, catalogue: TierCatalogue, overrides: Mapping[str, str]) -> None:
        for pattern, target in overrides.items():
            if target not in catalogue.names:
                known = ", ".join(catalogue.names)
                raise ForeignLogError(f"[models] {pattern} is '{target}', which is no tier; known are {known}")
        self._overrides = overrides
        self._by_name: dict[str, Place] = {}
        for tier in catalogue.tiers:  # cheapest first: a model that stands in two tiers counts for the cheaper
            for model in tier.models:
                for name in model_names(model.name):
                    self._by_name.setdefault(name, Place(tier.name, model))

    def find(self, model: str) -> Place | None:
        """None for a model that no tier names."""
        names = model_names(model)
        known = next((self._by_name[name] for name in names if name in self._by_name), None)
        for pattern, tier in self._overrides.items():
            if any(fnmatchcase(name, pattern.lower()) for name in names):
                return Place(tier, known.model if known is not None and known.tier == tier else None)
        return known


def model_names(model: str) -> tuple[str, ...]:
    """The names under which a model is known, the exact one first.

    >>> model_names("openai/gpt-4o-2024-08-06")
    ('openai/gpt-4o-2024-08-06', 'gpt-4o-2024-08-06', 'gpt-4o')
    """
    name = model.strip().lower()
    bare = _VENDOR.sub("", _REGION.sub("", name.rpartition("/")[2]))
    return tuple(dict.fromkeys((name, bare, _VERSION.sub("", bare))))


def suggest_tiers(models: Iterable[str]) -> str:
    """A tiers.toml to start from: the models by list price, cheapest first. It is a proposal, and says so."""
    models = {_listed_name(model) for model in models}
    priced = sorted((usd, model) for model, usd in ((m, _blended_usd(m)) for m in models) if usd is not None)
    tiers = {"small": [], "mid": [], "frontier": []}  # type: dict[str, list[str]]
    for usd, model in priced:
        tiers["small" if usd < _SMALL_USD else "mid" if usd < _MID_USD else "frontier"].append(model)
    unpriced = sorted(set(models) - {model for _, model in priced})
    lines = ["# Proposed by list price (USD per million tokens, a quarter of them output); move models as you see fit."]
    for tier, members in tiers.items():
        if members or tier != "mid":
            lines.append(f'[[tiers]]\nname = "{tier}"')
            lines += [f'[[tiers.models]]\nname = "{model}"' for model in members]
    lines += [f'# no list price: "{model}"; add it to a tier, with its prices' for model in unpriced]
    return "\n".join(lines) + "\n"


def _listed_name(model: str) -> str:
    """The name without date and provider, where it has a list price; it stands for all dates."""
    return next((name for name in reversed(model_names(model)) if _blended_usd(name) is not None), model)


def _blended_usd(model: str) -> float | None:
    for name in model_names(model):
        prices = look_up_prices(name)
        if prices.input_usd_per_mtok is not None and prices.output_usd_per_mtok is not None:
            return (1 - _OUTPUT_WEIGHT) * prices.input_usd_per_mtok + _OUTPUT_WEIGHT * prices.output_usd_per_mtok
    return None
