"""Names of models as providers and tools write them, and the tier that each finds."""

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.importers import ForeignLogError
from tierwise.data.importers.assembling.models import TierLookup, suggest_tiers


def catalogue(small: str, large: str) -> TierCatalogue:
    models = [{"name": "small", "models": [{"name": small}]}, {"name": "large", "models": [{"name": large}]}]
    return TierCatalogue.from_mapping({"tiers": models})


@pytest.mark.parametrize(
    ("listed", "logged"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-mini", "openai/gpt-4o-mini"),
        ("gpt-4o-mini", "azure/GPT-4o-mini"),
        ("openai/gpt-4o-mini", "gpt-4o-mini"),
        ("claude-3-5-haiku", "anthropic/claude-3-5-haiku-20241022"),
        ("claude-3-5-haiku", "bedrock/us.anthropic.claude-3-5-haiku-20241022-v1:0"),
        ("claude-3-5-haiku", "claude-3-5-haiku@20241022"),
        ("claude-3-5-haiku-20241022", "claude-3-5-haiku-latest"),
        ("gemini-1.5-flash", "models/gemini-1.5-flash-002"),
        ("llama3.2", "ollama/llama3.2:latest"),
        ("gpt-4o-mini", "openai:gpt-4o-mini"),
        ("gemini-2.5-flash", "google-gla:gemini-2.5-flash-preview-05-20"),
        ("claude-3-5-haiku", "bedrock:us.anthropic.claude-3-5-haiku-20241022-v1:0"),
        ("claude-sonnet-4-5", "anthropic/claude-4.5-sonnet"),
        (
            "claude-3-5-haiku",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.anthropic.claude-3-5-haiku-20241022-v1:0",
        ),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025"),
        ("gemini-2.5-flash", "openrouter/google/gemini-2.5-flash:free"),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-04-17-thinking"),
        ("gemini-2.5-flash", "google/gemini-2.5-flash-preview-04-17:thinking"),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025-thinking"),
        ("claude-3-7-sonnet", "claude-3-7-sonnet-20250219-thinking"),
        ("claude-3-7-sonnet", "anthropic/claude-3.7-sonnet-20250219-thinking-32k"),
        ("gemini-2.5-pro", "gemini-2.5-pro-exp-03-25"),
        ("deepseek-chat-v3", "deepseek/deepseek-chat-v3-0324:free"),
        ("claude-3-5-haiku", "us-gov.anthropic.claude-3-5-haiku-20241022-v1:0"),
        ("claude-3-5-haiku", "jp.anthropic.claude-3-5-haiku-20241022-v1:0[1m]"),
    ],
)
def test_prefixes_and_dates_do_not_matter(listed: str, logged: str) -> None:
    place = TierLookup(catalogue(listed, "gpt-4o"), {}).find(logged)
    assert place is not None
    assert place.tier == "small"


@pytest.mark.parametrize(
    ("listed", "logged"),
    [
        ("kimi-k2", "moonshotai/kimi-k2-thinking"),
        ("qwen3-235b-a22b", "qwen/qwen3-235b-a22b-thinking-2507"),
        ("gemini-2.0-flash", "gemini-2.0-flash-thinking-exp-01-21"),
        ("deepseek-v3", "deepseek-v2"),
        ("deepseek-v3-0324", "deepseek/deepseek-v2"),
    ],
)
def test_a_model_that_thinks_or_has_another_version_is_another_one(listed: str, logged: str) -> None:
    assert TierLookup(catalogue(listed, "gpt-4o"), {}).find(logged) is None


@pytest.mark.parametrize("logged", ["gpt-4o", "gpt-4o-2024-08-06", "openai/gpt-4o"])
def test_a_name_that_only_begins_alike_is_another_model(logged: str) -> None:
    assert TierLookup(catalogue("gpt-4o-mini", "gpt-4.1"), {}).find(logged) is None


def test_an_override_wins_and_must_name_a_tier() -> None:
    tiers = catalogue("gpt-4o-mini", "gpt-4o")
    place = TierLookup(tiers, {"ft:gpt-4o-mini:*": "large"}).find("ft:gpt-4o-mini:acme::x1")
    assert place is not None
    assert (place.tier, place.model) == ("large", None)
    with pytest.raises(ForeignLogError, match="'huge', which is no tier; known are small, large"):
        TierLookup(tiers, {"x": "huge"})


def test_a_proposal_orders_models_by_list_price_and_can_be_read() -> None:
    import tomllib

    proposed = suggest_tiers(["gpt-4o-mini", "gpt-4o", "our-own-model"])
    tiers = TierCatalogue.from_mapping(tomllib.loads(proposed))
    assert tiers.tiers[0].models[0].name == "gpt-4o-mini"
    assert "gpt-4o" in [model.name for tier in tiers.tiers[1:] for model in tier.models]
    assert '# no list price: "our-own-model"' in proposed
