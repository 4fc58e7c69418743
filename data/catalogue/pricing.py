"""What attempts cost by the catalogue, where nobody said: tokens times list prices, marked as an estimate."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.catalogue.prices import look_up_prices
from tierwise.data.records import Attempt, LoggedStep
from tierwise.data.replies.counts import count
from tierwise.data.replies.usage import Usage


def price_of(attempt: Attempt, catalogue: TierCatalogue) -> float | None:
    """US dollars by the attempt's tokens; None where tokens or prices are unknown.

    The prices are those of the attempt's model, or of its tier's first model when the catalogue does not list it.
    """
    if attempt.input_tokens is None or attempt.output_tokens is None or attempt.tier not in catalogue.names:
        return None
    models = catalogue.tiers[catalogue.index(attempt.tier)].models
    model = next((model for model in models if model.name == attempt.model), models[0] if models else None)
    if model is None:
        model = _listed(attempt.model)
    if model is None or not model.has_prices:
        return None
    return model.usage_cost_usd(usage_of(attempt))


def usage_of(attempt: Attempt) -> Usage:
    """What an attempt's record counts, with what importers note beside the usual fields."""
    written, hour = (count(attempt.extra.get(name)) for name in ("cache_write_tokens", "cache_write_1h_tokens"))
    served = attempt.extra.get("service_tier")
    served = served if isinstance(served, str) and served else None
    return Usage(attempt.input_tokens, attempt.output_tokens, attempt.cached_tokens, written, served, hour)


def priced(attempt: Attempt, catalogue: TierCatalogue) -> Attempt:
    """The attempt with its cost, as far as it can be known. One that says its cost stays as it is."""
    if attempt.cost_usd is not None or is_unbilled(attempt):
        return attempt
    cost_usd = price_of(attempt, catalogue)
    return attempt if cost_usd is None else replace(attempt, cost_usd=cost_usd, cost_is_estimate=True)


def is_unbilled(attempt: Attempt) -> bool:
    """An attempt that ended in an error before anything came back: providers do not charge for those."""
    return attempt.error is not None and not attempt.output_tokens


def priced_steps(steps: Iterable[LoggedStep], catalogue: TierCatalogue) -> Iterator[LoggedStep]:
    """The steps with their attempts priced."""
    for step in steps:
        attempts = tuple(priced(attempt, catalogue) for attempt in step.attempts)
        is_same = all(ours is theirs for ours, theirs in zip(attempts, step.attempts, strict=True))
        yield step if is_same else replace(step, attempts=attempts)


def _listed(name: str | None) -> Model | None:
    """A model of a tier that names none, with the prices that everybody pays."""
    if name is None:
        return None
    prices = look_up_prices(name)
    return Model(
        name,
        input_usd_per_mtok=prices.input_usd_per_mtok,
        cached_input_usd_per_mtok=prices.cached_input_usd_per_mtok,
        output_usd_per_mtok=prices.output_usd_per_mtok,
    )
