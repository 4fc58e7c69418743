"""Whether the models of a catalogue answer at all: one short question each."""

import asyncio
from dataclasses import dataclass

from tierwise.agents.upstreams.errors import ProviderError
from tierwise.agents.upstreams.pool import Upstreams
from tierwise.data.catalogue import Model, Tier, TierCatalogue
from tierwise.data.errors import CatalogueError

TIMEOUT_SECONDS = 30.0
_QUESTION = {"messages": [{"role": "user", "content": "Reply with the one word: yes"}]}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a model said to a short question: nothing to complain about, or ``trouble`` in words."""

    tier: str
    model: str
    latency_ms: float = 0.0
    trouble: str | None = None


async def greet_all(catalogue: TierCatalogue, timeout_seconds: float = TIMEOUT_SECONDS) -> list[Greeting]:
    """Asks every model side by side, in the order of the catalogue."""
    pairs = [(tier, model) for tier in catalogue.tiers for model in tier.models]
    return list(await asyncio.gather(*(_greet(tier, model, timeout_seconds) for tier, model in pairs)))


async def _greet(tier: Tier, model: Model, timeout_seconds: float) -> Greeting:
    alone = TierCatalogue((Tier(tier.name, (model,)),))
    try:
        async with Upstreams(alone) as upstreams:
            (line,) = upstreams.lines(tier.name)
            reply = await line.upstream.complete(_QUESTION, timeout_seconds)
    except (ProviderError, CatalogueError) as error:
        return Greeting(tier.name, model.name, trouble=str(error))
    return Greeting(tier.name, model.name, reply.latency_ms)
