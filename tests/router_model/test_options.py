"""Options of one request: what cannot be honoured is refused with the field, the value and the fix."""

from typing import Any

import pytest

from tierwise.data.catalogue import TierCatalogue
from tierwise.data.errors import RecordError
from tierwise.router_model.options import NO_OPTIONS, DecideOptions


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"max_quality_loss": 0.0},
        {"max_quality_loss": 1.0},
        {"max_cost_usd": 0.0},
        {"max_cost_usd": float("inf")},
        {"min_tier": "mid", "max_tier": "mid"},
        {"current_tier": "frontier", "cached_tokens": 0},
    ],
    ids=str,
)
def test_what_makes_sense_is_accepted(options: dict[str, Any], catalogue: TierCatalogue) -> None:
    DecideOptions(**options).check(catalogue)


@pytest.mark.parametrize(
    ("options", "field", "message"),
    [
        ({"max_quality_loss": -0.01}, "options.max_quality_loss", "is -0.01; a share from 0 to 1 is needed"),
        ({"max_quality_loss": 3}, "options.max_quality_loss", "is 3; a share"),
        ({"max_quality_loss": float("nan")}, "options.max_quality_loss", "is nan"),
        ({"max_cost_usd": -1}, "options.max_cost_usd", "is -1; it cannot be below 0"),
        ({"max_cost_usd": float("nan")}, "options.max_cost_usd", "is nan"),
        ({"min_tier": "large"}, "options.min_tier", "is 'large'; the tiers are small, mid, frontier"),
        ({"max_tier": ""}, "options.max_tier", "is ''; the tiers are"),
        ({"current_tier": "Small"}, "options.current_tier", "is 'Small'; the tiers are"),
        ({"min_tier": "frontier", "max_tier": "mid"}, "options.min_tier", "is 'frontier', above max_tier 'mid'"),
        ({"cached_tokens": -1}, "session.cached_tokens", "is -1; it cannot be below 0"),
    ],
    ids=str,
)
def test_what_does_not_is_refused(options: dict[str, Any], field: str, message: str, catalogue: TierCatalogue) -> None:
    with pytest.raises(RecordError, match=message) as caught:
        DecideOptions(**options).check(catalogue)
    assert caught.value.field == field


def test_no_options_means_as_configured(catalogue: TierCatalogue) -> None:
    assert DecideOptions() == NO_OPTIONS
    NO_OPTIONS.check(catalogue)
