"""Every model of the catalogue, by tier, with a circuit breaker each."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
from weakref import WeakKeyDictionary

from tierwise.agents.breaker import CircuitBreaker
from tierwise.agents.upstreams.upstream import Upstream
from tierwise.data.catalogue import Model, TierCatalogue
from tierwise.data.errors import CatalogueError

if TYPE_CHECKING:
    import httpx2

MAX_CONNECTIONS = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A model that can be called, and whether it is worth calling."""

    upstream: Upstream
    breaker: CircuitBreaker

    @property
    def model(self) -> Model:
        return self.upstream.model


class Upstreams:
    """The lines to the models of ``catalogue``, in its order.

    ``environment`` holds the API keys that ``api_key_env`` names; ``clock`` gives seconds, monotonic. Connections are
    kept per event loop. A tier is looked at when it is first needed, so tiers that are never called may lack a key.
    """

    def __init__(
        self,
        catalogue: TierCatalogue,
        environment: Mapping[str, str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.catalogue = catalogue
        self._environment = os.environ if environment is None else environment
        self._clock = clock
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, httpx2.AsyncClient] = WeakKeyDictionary()
        self._lines: dict[str, tuple[Line, ...]] = {}

    def lines(self, tier: str) -> tuple[Line, ...]:
        """The models of a tier in order. Raises ``CatalogueError`` for a tier that cannot be called: it has no model,
        or a model has no address, or its key is not set."""
        if tier not in self._lines:
            models = self.catalogue.tiers[self.catalogue.index(tier)].models
            if not models:
                raise CatalogueError(f"tier '{tier}' has no model; add [[tiers.models]] with a base_url to tiers.toml")
            self._lines[tier] = tuple(self._line(model, tier) for model in models)
        return self._lines[tier]

    def check(self) -> None:
        """Raises ``CatalogueError`` for the first tier that cannot be called."""
        for tier in self.catalogue.names:
            self.lines(tier)

    async def close(self) -> None:
        """Closes the connections of the running loop."""
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _client(self) -> "httpx2.AsyncClient":
        loop = asyncio.get_running_loop()
        client = self._clients.get(loop)
        if client is None:
            import httpx2

            limits = httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=MAX_CONNECTIONS)
            client = self._clients[loop] = httpx2.AsyncClient(timeout=None, limits=limits)
        return client

    def _line(self, model: Model, tier: str) -> Line:
        return Line(Upstream(model, self._key(model), self._client, tier), CircuitBreaker(self._clock))

    def _key(self, model: Model) -> str | None:
        if model.api_key_env is None:
            return None
        key = self._environment.get(model.api_key_env)
        if not key:
            fix = f"set the variable {model.api_key_env}, or take api_key_env out of tiers.toml"
            raise CatalogueError(f"model '{model.name}' needs a key and {model.api_key_env} is not set; {fix}")
        return key
