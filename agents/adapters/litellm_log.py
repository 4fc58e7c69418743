"""LiteLLM's log of a call becomes the outcome of the decision that stood before it."""

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, Self

from tierwise.agents.adapters.fields import merged
from tierwise.agents.client import AsyncClient, Measured, RoutedDecision, RouteFields
from tierwise.agents.usage import Usage, cost_of
from tierwise.data.program.extras import needs_extra

with needs_extra("litellm"):
    from litellm.integrations.custom_logger import CustomLogger

MAX_WAITING = 10_000
METADATA_KEY = "tierwise_decision_id"
HEADER = "x-tierwise-decision-id"


class Reporter(CustomLogger):
    """Remembers decisions until LiteLLM logs the call, and reports its outcome. Decisions whose call is never logged
    are forgotten after ``MAX_WAITING`` others. The id of a decision stands in the metadata of its call."""

    def __init__(self, client: AsyncClient, fields: RouteFields) -> None:
        super().__init__()
        self._client, self._fields = client, fields
        self._waiting: OrderedDict[str, Measured] = OrderedDict()
        self._unclaimed: dict[str, list[RoutedDecision]] = {}
        self._claims: dict[str, str] = {}  # by decision

    def __init_subclass__(cls) -> None:
        """LiteLLM's proxy looks for this hook in the class of a callback itself, and not above it."""
        cls.async_post_call_response_headers_hook = Reporter.async_post_call_response_headers_hook  # type: ignore[method-assign]

    def __deepcopy__(self, memo: Any) -> Self:
        """Itself: LiteLLM copies its configuration, and a client with its decisions must stay one."""
        return self

    @property
    def n_waiting(self) -> int:
        """Decisions whose call LiteLLM has not logged yet; it logs behind the answer."""
        return len(self._waiting)

    async def route(self, found: Mapping[str, Any], metadata: Any, claim: str | None = None) -> Measured:
        """A decision, to be claimed under ``claim`` where the call cannot carry its id yet. The caller's
        ``metadata={"tierwise": {...}}`` says more of it."""
        said = (metadata or {}).get("tierwise")
        found = {**found, **said} if isinstance(said, dict) else found
        decision = await self._client.route(**merged(found, self._fields))
        attempt = self._waiting[decision.decision_id] = Measured(decision)
        if claim is not None:
            self._unclaimed.setdefault(claim, []).append(decision)
            self._claims[decision.decision_id] = claim
        if len(self._waiting) > MAX_WAITING:
            self._settle(self._waiting.popitem(last=False)[1].decision)
        return attempt

    def claim(self, key: str, fits: Callable[[str], bool]) -> RoutedDecision | None:
        """The oldest decision under ``key`` whose tier ``fits``, else the oldest; nobody else gets it."""
        waiting = self._unclaimed.get(key)
        if not waiting:
            return None
        found = next((each for each in waiting if fits(each.tier)), waiting[0])
        self._settle(found)
        return found

    def _settle(self, decision: RoutedDecision) -> None:
        """Nobody may claim it any more."""
        key = self._claims.pop(decision.decision_id, None)
        if key is not None:
            self._unclaimed[key].remove(decision)
            if not self._unclaimed[key]:
                del self._unclaimed[key]

    # LiteLLM passes these by name, and calls nothing when one is called otherwise.
    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, start_time, end_time, None)

    async def async_log_failure_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        self._report(kwargs, start_time, end_time, type(kwargs.get("exception")).__name__)

    async def async_post_call_success_deployment_hook(self, request_data: Any, response: Any, call_type: Any) -> Any:
        """The caller of the SDK finds the id with ``decision_id_of``."""
        decision_id = metadata_of(request_data)[1].get(METADATA_KEY)
        hidden = getattr(response, "_hidden_params", None)
        if decision_id and isinstance(hidden, dict):
            hidden[METADATA_KEY] = decision_id
        return response

    async def async_post_call_response_headers_hook(
        self,
        data: Any,
        user_api_key_dict: Any,
        response: Any,
        request_headers: Any = None,
        litellm_call_info: Any = None,
    ) -> dict[str, str] | None:
        """The caller of the proxy gets the id as a header, streams included."""
        decision_id = metadata_of(data)[1].get(METADATA_KEY) or decision_id_of(response)
        return {HEADER: decision_id} if decision_id else None

    def _report(self, call: Mapping[str, Any], started: Any, ended: Any, error: str | None) -> None:
        attempt = self._waiting.pop(str(_noted(call)), None)
        if attempt is None:
            return
        logged = call.get("standard_logging_object") or {}
        usage = Usage(logged.get("prompt_tokens") or None, logged.get("completion_tokens") or None)
        cost_usd = cost_of(usage, attempt.tier, attempt.model, self._client.catalogue)
        self._client.outcome(
            attempt.decision,
            tier=attempt.tier,
            model=attempt.model,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cost_usd=cost_usd if cost_usd is not None else logged.get("response_cost") or None,
            latency_ms=(ended - started).total_seconds() * 1000,
            error=error,
        )


def decision_id_of(answer: Any) -> str | None:
    """The id of the decision behind an answer of LiteLLM's SDK, whole or streamed; None where nothing was decided."""
    hidden = getattr(answer, "_hidden_params", None) or {}
    log = getattr(getattr(answer, "logging_obj", None), "model_call_details", None)
    found = hidden.get(METADATA_KEY) or (_noted(log) if isinstance(log, Mapping) else None)
    return None if found is None else str(found)


def metadata_of(call: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """LiteLLM's own metadata of a call, and the name under which it holds them: the plain one may be the provider's."""
    name = "litellm_metadata" if "litellm_metadata" in call else "metadata"
    return name, dict(call.get(name) or {})


def _noted(call: Mapping[str, Any]) -> object:
    parameters = call.get("litellm_params") or {}
    holders = (parameters.get(name) or {} for name in ("metadata", "litellm_metadata"))
    return next((holder[METADATA_KEY] for holder in holders if holder.get(METADATA_KEY)), None)
