"""Which models can be called, and in which order they stand in for each other."""

from typing import Any

from tierwise.data.catalogue import TierCatalogue
from tierwise.serving.gateway.calls.line_up import line_up
from tierwise.serving.gateway.endpoints import find_endpoints, find_missing_keys

NAMES = ("small", "mid", "frontier")


def catalogue(**models: list[dict[str, Any]]) -> TierCatalogue:
    return TierCatalogue.from_mapping({"tiers": [{"name": name, "models": models.get(name, [])} for name in NAMES]})


def model(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "input_usd_per_mtok": 1, "output_usd_per_mtok": 2, **fields}


def test_models_without_an_address_or_without_their_key_are_left_out() -> None:
    known = catalogue(
        small=[model("nowhere"), model("here", base_url="http://a/v1/")],
        mid=[
            model("keyed", base_url="http://b/v1", api_key_env="KEY"),
            model("lost", base_url="x", api_key_env="NONE"),
        ],
    )
    found = find_endpoints(known, None, {"KEY": "k"})
    assert [(each.tier, each.model.name, each.url, each.key) for each in found] == [
        ("small", "here", "http://a/v1/chat/completions", None),
        ("mid", "keyed", "http://b/v1/chat/completions", "k"),
    ]
    assert find_missing_keys(known, None, {"KEY": "k"}) == ["NONE"]


def test_the_settings_file_replaces_the_models_of_a_tier_and_keeps_what_it_leaves_open() -> None:
    trained = catalogue(
        small=[model("a", base_url="http://old", context_window=99), model("b", base_url="http://old")],
        mid=[model("c", base_url="http://old")],
    )
    overlay = catalogue(small=[{"name": "a", "base_url": "http://new"}])
    found = find_endpoints(trained, overlay, {})
    assert [(each.model.name, each.url.partition("/chat")[0]) for each in found] == [
        ("a", "http://new"),
        ("c", "http://old"),
    ]
    assert (found[0].model.input_usd_per_mtok, found[0].model.context_window) == (1, 99)


def test_a_free_model_stays_free() -> None:
    overlay = catalogue(small=[{"name": "a", "base_url": "x", "input_usd_per_mtok": 0, "output_usd_per_mtok": 0}])
    (found,) = find_endpoints(catalogue(small=[model("a")]), overlay, {})
    assert (found.model.input_usd_per_mtok, found.model.output_usd_per_mtok) == (0, 0)


def test_stand_ins_come_from_the_tier_and_from_dearer_ones() -> None:
    addresses = {"base_url": "http://a"}
    known = catalogue(
        small=[model("s", **addresses)],
        mid=[model("m1", **addresses, capabilities=["json"]), model("m2", **addresses)],
        frontier=[model("f", **addresses)],
    )
    found = find_endpoints(known, None, {})

    def names(tier: str, max_tier: str | None, *needs: str) -> list[str]:
        return [each.model.name for each in line_up(found, NAMES, tier, max_tier, frozenset(needs))]

    assert names("small", None) == ["s", "m1", "m2", "f"]
    assert names("mid", None) == ["m1", "m2", "f"]
    assert names("mid", "mid", "tools") == ["m2"]
