"""What a provider itself says that a call cost, inside the usage that it states."""

from collections.abc import Mapping
from typing import Any

from tierwise.data.replies.counts import amount, first_amount

_MAX_USD = 10_000.0  # what no call can have come to


def stated_cost_usd(usage: Mapping[str, Any]) -> float | None:
    """US dollars; None where nothing is said. A cost of 0 says nothing: it is written where no price is known, too.

    OpenRouter says ``cost``, and for callers with keys of their own only its share there: what the provider bills
    stands in ``cost_details``. Perplexity says ``cost`` as parts with a ``total_cost``, DeepInfra ``estimated_cost``.

    >>> stated_cost_usd({"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}})
    0.021
    """
    cost = usage.get("cost")
    total = first_amount(cost, "total_cost", "total") if isinstance(cost, Mapping) else amount(cost)
    details = usage.get("cost_details")
    upstream = amount(details.get("upstream_inference_cost")) if isinstance(details, Mapping) else None
    if upstream is not None and (usage.get("is_byok") is True or not total):
        total = (total or 0.0) + upstream
    if total is None:
        total = first_amount(usage, "estimated_cost", "total_cost_usd", "cost_usd")
    return total if total is not None and 0 < total <= _MAX_USD else None
