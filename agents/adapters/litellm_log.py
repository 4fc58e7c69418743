"""LiteLLM's log of a call becomes the outcome of the decision that stood before it."""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Self

from tierwise.agents.adapters.fields import merged
from tierwise.agents.client import AsyncClient, RoutedDecision, RouteFields
from tierwise.agents.usage import Usage, cost_of
from tierwise.data.extras import needs_extra

with needs_extra("litellm"):
    from litellm.integrations.custom_logger import CustomLogger

MAX_WAITING = 10_000


class Reporter(CustomLogger):
    """Remembers decisions until LiteLLM logs the call, and reports its outcome. Decisions whose call is never logged
    are forgotten after ``MAX_WAITING`` others. ``key_of`` finds the decision's key in a logged call."""

    def __init__(self, client: AsyncClient, fields: RouteFields) -> None:
        super().__init__()
        self._client, self._fields = client, fields
        self._waiting: OrderedDict[str, RoutedDecision] = OrderedDict()

    def __deepcopy__(self, memo: Any) -> Self:
        """Itself: LiteLLM copies its configuration, and a client with its decisions must stay one."""
        return self

    @property
    def n_waiting(self) -> int:
        """Decisions whose call LiteLLM has not logged yet; it logs behind the answer."""
        return len(self._waiting)

    def key_of(self, call: Mapping[str, Any]) -> str:
        raise NotImplementedError

    async def route(self, found: Mapping[str, Any], metadata: Any, key: str | None = None) -> RoutedDecision:
        """A decision, kept under ``key`` or its id. The caller's ``metadata={"tierwise": {...}}`` says more of it."""
        said = (metadata or {}).get("tierwise")
        found = {**found, **said} if isinstance(said, dict) else found
        decision = await self._client.route(**merged(found, self._fields))
        self._waiting[key or decision.decision_id] = decision
        if len(self._waiting) > MAX_WAITING:
            self._waiting.popitem(last=False)
        return decision

    # LiteLLM passes these by name, and calls nothing when one is called otherwise.
    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, start_time, end_time, None)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, start_time, end_time, type(kwargs.get("exception")).__name__)

    def _report(self, call: Mapping[str, Any], started: Any, ended: Any, error: str | None) -> None:
        decision = self._waiting.pop(self.key_of(call), None)
        if decision is None:
            return
        logged = call.get("standard_logging_object") or {}
        usage = Usage(logged.get("prompt_tokens") or None, logged.get("completion_tokens") or None)
        cost_usd = cost_of(usage, decision.tier, decision.model, self._client.catalogue)
        self._client.outcome(
            decision,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=cost_usd if cost_usd is not None else logged.get("response_cost") or None,
            latency_ms=(ended - started).total_seconds() * 1000,
            error=error,
        )
