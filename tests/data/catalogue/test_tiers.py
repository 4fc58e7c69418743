"""The tier catalogue is read strictly: a typing error is an error, an unknown price is never 0."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.errors import CatalogueError


def with_model(**model: Any) -> dict[str, Any]:
    return {"tiers": [{"name": "small", "models": [{"name": "unlisted-model"} | model]}, {"name": "mid"}]}


def test_the_default_catalogue_is_small_mid_frontier_without_models() -> None:
    catalogue = TierCatalogue.load()
    assert catalogue.names == ("small", "mid", "frontier")
    assert catalogue.top.name == "frontier"
    assert [tier.model for tier in catalogue.tiers] == [None, None, None]
    assert [catalogue.index(name) for name in catalogue.names] == [0, 1, 2]


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "tiers.toml"
    path.write_text(
        """
        [[tiers]]
        name = "local"
        [[tiers.models]]
        name = "tiny-1"
        base_url = "https://llm.example/v1"
        api_key_env = "TINY_KEY"
        input_usd_per_mtok = 1
        cached_input_usd_per_mtok = 0.5
        output_usd_per_mtok = 2.0
        context_window = 8192
        capabilities = ["tools", "json"]
        [[tiers]]
        name = "cloud"
        """,
        encoding="utf-8",
    )
    catalogue = TierCatalogue.load(path)
    assert catalogue.tiers[0].model == Model(
        "tiny-1", "https://llm.example/v1", "TINY_KEY", 1.0, 0.5, 2.0, 8192, ("tools", "json")
    )
    assert TierCatalogue.from_mapping(json.loads(json.dumps(catalogue.to_mapping()))) == catalogue


def test_two_to_eight_tiers() -> None:
    for n_tiers in range(11):
        raw = {"tiers": [{"name": f"t{i}"} for i in range(n_tiers)]}
        if 2 <= n_tiers <= 8:
            assert len(TierCatalogue.from_mapping(raw)) == n_tiers
        else:
            with pytest.raises(CatalogueError, match="2 to 8"):
                TierCatalogue.from_mapping(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({}, "2 to 8"),
        ({"tiers": "small"}, "2 to 8"),
        ({"tiers": [{"name": "a"}, {"name": "a"}]}, "tier 'a' stands twice"),
        ({"tiers": [{"name": "a"}, "b"]}, "'b' is not a table"),
        ({"tiers": [{"name": "a"}, {"name": ""}]}, "the name ''"),
        ({"tiers": [{"name": "a"}, {"nmae": "b"}]}, "unknown key 'nmae'; known are models, name"),
        ({"tier": []}, "unknown key 'tier'; known are tiers"),
        ({"tiers": [{"name": "a", "models": 3}, {"name": "b"}]}, "tier 'a': models is 3"),
        ({"tiers": [{"name": "a", "models": ["gpt"]}, {"name": "b"}]}, "'gpt' is not a table"),
        (with_model(name=None), "the name None"),
        (with_model(price=1), "unknown key 'price'"),
        (with_model(base_url=3), "base_url is 3; a text is needed"),
        (with_model(api_key_env=["K"]), "api_key_env is ['K']; a text is needed"),
        (with_model(context_window="8k"), "context_window is '8k'; a number of tokens is needed"),
        (with_model(context_window=0), "context_window is 0"),
        (with_model(capabilities="tools"), "capabilities is 'tools'; a list"),
        (with_model(capabilities=[1]), "capabilities is [1]"),
        (with_model(input_usd_per_mtok=-1), "input_usd_per_mtok is -1"),
        (with_model(output_usd_per_mtok="1"), "output_usd_per_mtok is '1'"),
        (with_model(output_usd_per_mtok=float("nan")), "output_usd_per_mtok is nan"),
        (with_model(input_usd_per_mtok=True), "input_usd_per_mtok is True"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_what_is_wrong_is_named(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=re.escape(message)):
        TierCatalogue.from_mapping(raw)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    for content in (b"tiers = [", b"\xff\xfe"):
        (tmp_path / "tiers.toml").write_bytes(content)
        with pytest.raises(CatalogueError, match=r"tiers\.toml: "):
            TierCatalogue.load(tmp_path / "tiers.toml")
    with pytest.raises(CatalogueError, match="no such file; write one or leave --tiers out"):
        TierCatalogue.load(tmp_path / "missing.toml")
    with pytest.raises(CatalogueError, match=re.escape(str(tmp_path))):
        TierCatalogue.load(tmp_path)


def test_an_unknown_tier_is_named_with_the_known_ones(catalogue: TierCatalogue) -> None:
    with pytest.raises(CatalogueError, match=re.escape("'large' is not in the catalogue (small, mid, frontier)")):
        catalogue.index("large")


def test_prices_left_out_are_looked_up_and_given_ones_win() -> None:
    listed = TierCatalogue.from_mapping(with_model(name="gpt-4o-mini")).tiers[0].model
    assert listed is not None
    assert (listed.input_usd_per_mtok, listed.output_usd_per_mtok) == pytest.approx((0.15, 0.6))
    mixed = TierCatalogue.from_mapping(with_model(name="gpt-4o-mini", input_usd_per_mtok=5)).tiers[0].model
    assert mixed is not None
    assert (mixed.input_usd_per_mtok, mixed.output_usd_per_mtok) == pytest.approx((5.0, 0.6))


def test_an_unknown_price_is_null_and_an_error_where_a_cost_is_needed() -> None:
    model = TierCatalogue.from_mapping(with_model()).tiers[0].model
    assert model is not None
    assert model.input_usd_per_mtok is None
    assert not model.has_prices
    with pytest.raises(CatalogueError, match="model 'unlisted-model' has no price; add input_usd_per_mtok"):
        model.cost_usd(1, 1)
    assert Model("free", input_usd_per_mtok=0.0, output_usd_per_mtok=0.0).cost_usd(1_000, 1_000) == 0.0


def test_costs_are_exact() -> None:
    model = Model("m", input_usd_per_mtok=4.0, cached_input_usd_per_mtok=1.0, output_usd_per_mtok=8.0)
    assert model.cost_usd(1_000_000, 500_000) == 8.0
    assert model.cost_usd(1_000_000, 500_000, cached_tokens=400_000) == 2.4 + 0.4 + 4.0
    assert model.cost_usd(1_000_000, 0, cached_tokens=9e9) == 1.0
    without = Model("m", input_usd_per_mtok=4.0, output_usd_per_mtok=8.0)
    assert without.cost_usd(1_000_000, 0, cached_tokens=400_000) == 4.0
