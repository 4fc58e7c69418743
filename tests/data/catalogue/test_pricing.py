"""What attempts cost by the catalogue, where nobody said."""

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.catalogue.pricing import price_of, priced, priced_steps
from tierwise.data.records import Attempt, LoggedStep, Step

CATALOGUE = TierCatalogue.from_mapping(
    {
        "tiers": [
            {"name": "bare"},
            {
                "name": "top",
                "models": [
                    {"name": "one", "input_usd_per_mtok": 1.0, "output_usd_per_mtok": 10.0},
                    {"name": "two", "input_usd_per_mtok": 2.0, "output_usd_per_mtok": 20.0},
                ],
            },
        ]
    }
)
TOKENS = {"input_tokens": 1_000_000, "output_tokens": 100_000}


@pytest.mark.parametrize(
    ("attempt", "cost_usd"),
    [
        (Attempt("top", "two", **TOKENS), 4.0),
        (Attempt("top", "unheard of", **TOKENS), 2.0),  # its tier's first model stands for it
        (Attempt("top", **TOKENS), 2.0),
        (Attempt("top", input_tokens=7), None),
        (Attempt("bare", **TOKENS), None),
        (Attempt("top", "two", **TOKENS, extra={"service_tier": "batch"}), 2.0),
        (Attempt("top", "two", **TOKENS, extra={"service_tier": "priority"}), None),
        (Attempt("top", "two", **TOKENS, extra={"cache_write_tokens": 500_000, "cache_write_1h_tokens": 500_000}), 5.0),
        (Attempt("top", "two", **TOKENS, extra={"cache_write_tokens": "x", "service_tier": 3}), 4.0),
        (Attempt("bare", "gpt-4o-mini", **TOKENS), 0.21),  # a list price that everybody pays
        (Attempt("nowhere", "one", **TOKENS), None),
    ],
)
def test_tokens_have_the_price_of_their_model(attempt: Attempt, cost_usd: float | None) -> None:
    assert price_of(attempt, CATALOGUE) == (None if cost_usd is None else pytest.approx(cost_usd))
    assert priced(attempt, CATALOGUE).cost_is_estimate is (cost_usd is not None)


def test_what_is_known_stays_and_what_was_not_billed_costs_nothing() -> None:
    said = Attempt("top", "one", cost_usd=0.5, **TOKENS)
    failed = Attempt("top", "one", error="timeout", input_tokens=10, output_tokens=0)
    assert priced(said, CATALOGUE) is said
    assert priced(failed, CATALOGUE) is failed


def test_steps_that_need_nothing_stay_the_same_objects() -> None:
    whole = LoggedStep("a", Step(text="a"), (Attempt("top", cost_usd=1.0),))
    lacking = LoggedStep("b", Step(text="b"), (Attempt("top", cost_usd=1.0), Attempt("top", **TOKENS)))
    one, two = priced_steps([whole, lacking], CATALOGUE)
    assert one is whole
    assert [attempt.cost_usd for attempt in two.attempts] == [1.0, 2.0]
