"""A tiers.toml to begin with: what is in use on top, something cheaper below, prices from the list."""

import tomllib
from importlib.metadata import version

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.first_tiers import first_tiers, write_tiers
from tierwise.data.catalogue.presets import TIER_NAMES, find_preset, load_presets, provider_of
from tierwise.data.errors import CatalogueError

PROVIDERS = tuple(load_presets())


def read(text: str) -> TierCatalogue:
    return TierCatalogue.from_mapping(tomllib.loads(text))


@pytest.mark.parametrize("name", PROVIDERS)
def test_every_preset_gives_tiers_that_cost_more_from_one_to_the_next(name: str) -> None:
    tiers = first_tiers([find_preset(name)], {})
    usd = [tier.models[0].blended_usd for tier in tiers]
    assert None not in usd
    assert usd == sorted(usd)  # type: ignore[type-var]
    catalogue = read(write_tiers(tiers))
    assert catalogue.names[-1] == "frontier"
    for tier in catalogue.tiers:
        assert tier.model is not None
        assert tier.model.has_prices
        assert tier.model.base_url
        assert bool(tier.model.api_key_env) is (name not in ("ollama", "vllm", "llamacpp"))


def test_the_presets_are_those_of_the_guides() -> None:
    assert PROVIDERS == (
        "openai", "anthropic", "google", "mistral", "deepseek", "groq", "together", "fireworks", "ollama", "vllm",
        "llamacpp",
    )  # fmt: skip
    assert {tier for preset in load_presets().values() for tier in preset.tiers} == set(TIER_NAMES)


def test_the_dearest_model_in_use_is_the_top_and_everything_below_is_cheaper() -> None:
    tiers = first_tiers([], {"gpt-4o-2024-08-06": 400, "gpt-4o-mini": 3})
    assert tiers[-1].name == "frontier"
    assert [model.name for model in tiers[-1].models] == ["gpt-4o-2024-08-06"]
    below = [model for tier in tiers[:-1] for model in tier.models]
    assert "gpt-4o-mini" in [model.name for model in below]
    assert all((m.blended_usd or 0) <= 0.8 * (tiers[-1].models[0].blended_usd or 0) for m in below)
    assert {model.provider.name for model in below} == {"openai"}


def test_local_models_stand_below_a_hosted_top() -> None:
    tiers = first_tiers([find_preset("ollama"), find_preset("openai")], {})
    assert tiers[0].models[0].provider.name == "ollama"
    assert [model.provider.name for model in tiers[-1].models] == ["openai"]
    text = write_tiers(tiers)
    assert "# assumed: put in what a token costs you on this machine" in text
    assert version("genai-prices") in text


def test_what_cannot_be_answered_names_the_way_on() -> None:
    with pytest.raises(CatalogueError, match="no preset knows my-model; name one with --provider: openai, anthropic"):
        first_tiers([], {"my-model": 5})
    with pytest.raises(CatalogueError, match="neither a provider nor a model is named"):
        first_tiers([], {})
    with pytest.raises(CatalogueError, match="there is no preset for 'acme'; there are openai"):
        find_preset("acme")
    with pytest.raises(CatalogueError, match="OpenAI has nothing cheaper than 'gpt-6-luna'; add another --provider"):
        first_tiers([find_preset("openai")], {"gpt-6-luna": 1})


def test_an_unlisted_model_keeps_its_place_and_asks_for_its_prices() -> None:
    tiers = first_tiers([find_preset("openai")], {"my-model": 5})
    text = write_tiers(tiers)
    assert tiers[-1].models[0].name == "my-model"
    assert "# no list price is known" in text
    assert read(text).top.model is not None


def test_providers_are_known_by_their_models() -> None:
    found = [provider_of([name]) for name in ("gpt-4o", "claude-sonnet-4-5", "nobody-knows")]
    assert [None if each is None else each.name for each in found] == ["openai", "anthropic", None]
