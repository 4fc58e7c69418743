"""Prices come from the catalogue first, from genai-prices second, and are never made up."""

import pytest

from tierwise.data.catalogue.prices import ModelPrices, look_up_prices


@pytest.mark.parametrize("name", ["gpt-4o-mini", "openai/gpt-4o-mini"])
def test_a_listed_model_has_its_list_prices(name: str) -> None:
    prices = look_up_prices(name)
    assert prices.input_usd_per_mtok == pytest.approx(0.15)
    assert prices.cached_input_usd_per_mtok == pytest.approx(0.075)
    assert prices.output_usd_per_mtok == pytest.approx(0.6)


@pytest.mark.parametrize("name", ["nobody-lists-this-model", "nobody/gpt-none", "", "/", "é"])
def test_an_unlisted_model_has_unknown_prices(name: str) -> None:
    assert look_up_prices(name) == ModelPrices()
    assert not look_up_prices(name).is_complete


def test_own_prices_win_and_gaps_are_filled() -> None:
    own, listed = ModelPrices(1.0, None, 0.0), ModelPrices(9.0, 8.0, 7.0)
    assert own.completed_by(listed) == ModelPrices(1.0, 8.0, 0.0)
    assert own.completed_by(ModelPrices()) == own
    assert own.is_complete
