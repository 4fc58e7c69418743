"""What an agent needs of a client, whether a service decides or this process does."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, Unpack, runtime_checkable

from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.agents.client.request import RouteFields
from tierwise.data.catalogue import TierCatalogue
from tierwise.data.records import Outcome, Step


class ReportingClient(Protocol):
    """Takes reports without waiting and without failing the caller."""

    @property
    def catalogue(self) -> TierCatalogue:
        """The tiers that decisions choose from, cheapest first."""

    def outcome(self, decision: RoutedDecision, **fields: Unpack[OutcomeFields]) -> Outcome:
        """Reports an attempt. Raises only for fields that cannot be."""

    def flush(self, timeout_seconds: float = 5.0) -> bool:
        """Waits until everything reported was delivered; False when it was not in time."""


class RoutingClient(ReportingClient, Protocol):
    """Decides while the caller waits."""

    def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for a step. Raises only for a request that cannot be."""


class AsyncRoutingClient(ReportingClient, Protocol):
    """Decides without blocking the event loop."""

    async def route(self, step: Step | None = None, **fields: Unpack[RouteFields]) -> RoutedDecision:
        """The tier for a step. Raises only for a request that cannot be."""


@runtime_checkable
class JudgingClient(Protocol):
    """Judges the answers that a course asked for."""

    async def accept(
        self, decision: RoutedDecision, step: Step, answers: Sequence[Mapping[str, Any]], **fields: Unpack[RouteFields]
    ) -> object:
        """The answer of ``POST /accept``, None where there is none in time; ``fields`` are those of ``route``."""
