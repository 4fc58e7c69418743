"""A tiers.toml to begin with: the models in use on top, cheaper ones of a preset below, every line explained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from tierwise.data.catalogue.presets import TIER_NAMES, Preset, PresetModel, load_presets, provider_of
from tierwise.data.errors import CatalogueError

MOST_OF_TOP = 0.8
"""A model must cost at most this share of the top one to stand below it: less is not worth a router."""


@dataclass(frozen=True, slots=True)
class FirstTier:
    """A tier with its models; the first is the one that decisions name."""

    name: str
    models: tuple[PresetModel, ...]


def first_tiers(providers: Sequence[Preset], in_use: Mapping[str, int]) -> tuple[FirstTier, ...]:
    """Two or three tiers, cheapest first. ``in_use`` counts the calls by model; the dearest of them is the top tier.

    Raises ``CatalogueError`` where no provider is known, or none of its models is cheaper than what is in use.
    """
    if not providers:
        known = provider_of(in_use)
        if known is None:
            shown = (
                f"no preset knows {', '.join(list(in_use)[:3])}"
                if in_use
                else "neither a provider nor a model is named"
            )
            raise CatalogueError(f"{shown}; name one with --provider: {', '.join(load_presets())}")
        providers = (known,)
    of_preset = {name: _by_price(name, providers) for name in TIER_NAMES}
    of_preset[TIER_NAMES[-1]] = of_preset[TIER_NAMES[-1]][-1:]  # of several providers' best the dearest is the top
    if not in_use:
        return _checked({name: models for name, models in of_preset.items() if models}, providers)
    used = sorted((_placed(name, providers) for name in in_use), key=lambda model: -(model.blended_usd or 0.0))
    top = used[0]
    below = {name: [m for m in of_preset[name] if _is_cheaper(m, top)] for name in TIER_NAMES[:-1]}
    if not any(below.values()):
        cheaper = [m for m in of_preset[TIER_NAMES[-1]] if _is_cheaper(m, top)]
        below = {TIER_NAMES[0]: cheaper}
    for model in used[1:]:
        if _is_cheaper(model, top) and all(model.name != m.name for models in below.values() for m in models):
            _nearest(below, model).append(model)
    return _checked({name: models for name, models in below.items() if models} | {TIER_NAMES[-1]: [top]}, providers)


def write_tiers(tiers: Sequence[FirstTier]) -> str:
    """The text of a ``tiers.toml``: prices as they are listed today, keys by the name of their variable."""
    return "\n".join(_lines(tiers)) + "\n"


_HEAD = """\
# The tiers, cheapest first: what a decision chooses from. The first model of a tier is the one that it names; the
# others stand in when it fails. The last tier is what you use today.
# Prices are US dollars per million tokens, from the list of genai-prices {version}; take a price out and it is looked
# up anew. Keys are read from the environment variable that api_key_env names, never from here."""


def _lines(tiers: Sequence[FirstTier]) -> Iterator[str]:
    yield _HEAD.format(version=version("genai-prices"))
    for tier in tiers:
        yield f'\n[[tiers]]\nname = "{tier.name}"'
        for model in tier.models:
            yield f"\n[[tiers.models]]  # {model.provider.title}"
            yield f'name = "{model.name}"'
            yield f'base_url = "{model.provider.base_url}"'
            if model.provider.api_key_env:
                yield f'api_key_env = "{model.provider.api_key_env}"'
            yield from _prices(model)


def _prices(model: PresetModel) -> Iterator[str]:
    prices = model.prices
    if not prices.is_complete:
        yield "# no list price is known; without one nothing can be said about money"
        yield "# input_usd_per_mtok = \n# output_usd_per_mtok = "
        return
    note = "  # assumed: put in what a token costs you on this machine" if model.is_assumed else ""
    yield f"input_usd_per_mtok = {prices.input_usd_per_mtok:.6g}{note}"
    if prices.cached_input_usd_per_mtok is not None:
        yield f"cached_input_usd_per_mtok = {prices.cached_input_usd_per_mtok:.6g}"
    yield f"output_usd_per_mtok = {prices.output_usd_per_mtok:.6g}"


def _by_price(tier: str, providers: Sequence[Preset]) -> list[PresetModel]:
    found = [model for preset in providers if (model := preset.model(tier)) is not None]
    return sorted(found, key=lambda model: model.blended_usd or 0.0)


def _placed(name: str, providers: Sequence[Preset]) -> PresetModel:
    """A model in use, at the provider that lists it; the first one where none does."""
    return next((p for p in (*providers, *load_presets().values()) if p.knows(name)), providers[0]).named(name)


def _is_cheaper(model: PresetModel, top: PresetModel) -> bool:
    if top.blended_usd is None or model.blended_usd is None:
        return model.name != top.name
    return model.blended_usd <= MOST_OF_TOP * top.blended_usd


def _nearest(below: Mapping[str, list[PresetModel]], model: PresetModel) -> list[PresetModel]:
    """The tier whose models cost nearest to ``model``, by ratio."""

    def ratio(models: list[PresetModel]) -> float:
        ours, theirs = model.blended_usd, models[0].blended_usd
        return max(ours / theirs, theirs / ours) if ours and theirs else float("inf")

    return min((models for models in below.values() if models), key=ratio)


def _checked(found: Mapping[str, list[PresetModel]], providers: Sequence[Preset]) -> tuple[FirstTier, ...]:
    tiers = [FirstTier(name, tuple(models)) for name, models in found.items()]
    if len(tiers) < 2:
        top = tiers[-1].models[0].name
        raise CatalogueError(
            f"{' and '.join(p.title for p in providers)} has nothing cheaper than '{top}'; add another --provider"
        )
    return tuple(sorted(tiers, key=lambda tier: (tier.name == TIER_NAMES[-1], tier.models[0].blended_usd or 0.0)))
