"""The caller's side of a decision: ask, report, and never wait or fail because of the router."""

from tierwise.agents.client.clients import AsyncClient, Client
from tierwise.agents.client.decision import RoutedDecision
from tierwise.agents.client.delivering.delivery import DeliveryCounts
from tierwise.agents.client.in_process import AsyncLocalClient, LocalClient
from tierwise.agents.client.measured import Measured
from tierwise.agents.client.outcome import OutcomeFields
from tierwise.agents.client.protocol import AsyncRoutingClient, JudgingClient, ReportingClient, RoutingClient
from tierwise.agents.client.request import RouteFields

__all__ = [
    "AsyncClient",
    "AsyncLocalClient",
    "AsyncRoutingClient",
    "Client",
    "DeliveryCounts",
    "JudgingClient",
    "LocalClient",
    "Measured",
    "OutcomeFields",
    "ReportingClient",
    "RouteFields",
    "RoutedDecision",
    "RoutingClient",
]
