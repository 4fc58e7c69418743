"""LiteLLM: a classifier plugin for its complexity router, and a pre-call hook for its proxy. Both report what came.

What a caller passes as ``metadata={"tierwise": {"task_type": "extract"}}`` describes that one step.
"""

import json
from collections.abc import Mapping
from typing import Any, Unpack

from tierwise.agents.adapters.litellm_log import METADATA_KEY, Reporter, decision_id_of, metadata_of
from tierwise.agents.client import AsyncClient, RouteFields
from tierwise.agents.protocols import PROTOCOLS
from tierwise.data.errors import RecordError

__all__ = ["COMPLEXITY_TIERS", "METADATA_KEY", "RouterClassifier", "RouterHook", "decision_id_of"]
COMPLEXITY_TIERS = {"small": "SIMPLE", "mid": "MEDIUM", "frontier": "REASONING"}


class RouterClassifier(Reporter):
    """The ``classifier_plugin`` of an ``auto_router/complexity_router``; put it into ``litellm.callbacks`` as well.

    ``tiers`` names LiteLLM's tier for each of ours. LiteLLM drops what a plugin notes on the request, so the decision
    waits under its messages until the call is made, and is noted there. Of calls that ask the same at the same time
    each finds a decision of its own, for the tier that it goes to.
    """

    def __init__(
        self, client: AsyncClient, tiers: Mapping[str, str] = COMPLEXITY_TIERS, **fields: Unpack[RouteFields]
    ) -> None:
        super().__init__(client, fields)
        self._tiers = tiers

    async def classify(self, context: Any) -> str | None:
        """LiteLLM's tier for a request; None leaves it to LiteLLM's own fallback."""
        messages = context.structured_messages
        attempt = await self.route({"messages": messages}, context.metadata, _fingerprint(messages))
        return self._tiers.get(attempt.decision.tier)

    async def async_pre_call_deployment_hook(self, kwargs: Any, call_type: Any) -> Any:
        """Called once the model is chosen, again for every retry: a call that has its decision keeps it."""
        name, metadata = metadata_of(kwargs)
        routed = metadata.get("routing_decision")
        if METADATA_KEY in metadata or not isinstance(routed, Mapping) or routed.get("cause") != "classifier_plugin":
            return None
        tier = routed.get("tier")
        decision = self.claim(_fingerprint(kwargs.get("messages")), lambda ours: self._tiers.get(ours) == tier)
        return None if decision is None else {**kwargs, name: {**metadata, METADATA_KEY: decision.decision_id}}


class RouterHook(Reporter):
    """A callback of LiteLLM's proxy: requests for ``auto`` go to the model group that ``models`` names for the tier.

    Chat completions, Responses and Anthropic's Messages alike. Give ``auto`` an entry in the proxy's ``model_list`` as
    well, so that ``/v1/models`` lists it and keys may be allowed it.
    """

    def __init__(self, client: AsyncClient, models: Mapping[str, str], **fields: Unpack[RouteFields]) -> None:
        super().__init__(client, fields)
        self._models = models

    async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: Any, call_type: Any) -> Any:
        """A request that cannot be read goes on to the proxy's own ``auto``: its provider says what is wrong."""
        if data.get("model") != "auto":
            return data
        name, metadata = metadata_of(data)
        try:
            asked = _step_fields(data)
            attempt = await self.route(asked, metadata) if asked else None
        except RecordError:
            return data
        if attempt is not None:
            data["model"] = attempt.pick(self._models, self._client.catalogue)
            data[name] = {**metadata, METADATA_KEY: attempt.decision.decision_id}
        return data


def _step_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the step is, in whichever protocol the proxy was asked; nothing where there is no question."""
    if "input" in data:
        return PROTOCOLS["responses"].step_fields(data)
    protocol = PROTOCOLS["messages" if "litellm_metadata" in data else "chat"]
    return protocol.step_fields(data) if data.get("messages") else {}


def _fingerprint(messages: Any) -> str:
    return json.dumps(messages, sort_keys=True, default=str)
