"""What an operator and the gateway's memory learn of every attempt: a log line for a failure, counters, sessions."""

import logging

from tierwise.agents.protocols import Completion
from tierwise.agents.upstreams.endpoint import Endpoint
from tierwise.agents.upstreams.errors import ProviderError
from tierwise.serving.gateway.calls.asked import GatewayRequest
from tierwise.serving.gateway.conversations.memory import Memory
from tierwise.serving.watching.metrics import Metrics

_LOGGER = logging.getLogger(__name__)


class Watch:
    """Quotes no content: of a failure it tells the model, its code and its status."""

    def __init__(self, metrics: Metrics, memory: Memory) -> None:
        self._metrics = metrics
        self._memory = memory

    def heard(self, request: GatewayRequest, endpoint: Endpoint, completion: Completion) -> None:
        self._memory.remember(request, endpoint, completion)

    def answered(self, endpoint: Endpoint) -> None:
        self._metrics.note_breaker(endpoint.model.name, endpoint.breaker.is_open)

    def failed(self, endpoint: Endpoint, error: ProviderError, decision_id: str) -> None:
        name = endpoint.model.name
        self._metrics.note_breaker(name, endpoint.breaker.is_open)
        _LOGGER.warning(
            "model %s of tier %s failed: %s, status %s%s (decision %s)",
            name,
            endpoint.tier,
            error.code,
            error.status,
            ", rests" if endpoint.breaker.is_open else "",
            decision_id,
        )

    def ended(self, endpoint: Endpoint, status: int, first_chunk_ms: float | None) -> None:
        self._metrics.note_upstream(endpoint.model.name, status, first_chunk_ms)

    def passed_over(self, endpoint: Endpoint) -> None:
        """A call goes on to the next model."""
        self._metrics.note_failover(endpoint.model.name)
