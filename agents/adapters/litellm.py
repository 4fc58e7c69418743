"""LiteLLM: a classifier plugin for its complexity router, and a pre-call hook for its proxy. Both report what came.

What a caller passes as ``metadata={"tierwise": {"task_type": "extract"}}`` describes that one step.
"""

import json
from collections.abc import Mapping
from typing import Any, Unpack

from tierwise.agents.adapters.litellm_log import Reporter
from tierwise.agents.client import AsyncClient, RouteFields

METADATA_KEY = "tierwise_decision_id"
COMPLEXITY_TIERS = {"small": "SIMPLE", "mid": "MEDIUM", "frontier": "REASONING"}


class RouterClassifier(Reporter):
    """The ``classifier_plugin`` of an ``auto_router/complexity_router``; put it into ``litellm.callbacks`` as well.

    ``tiers`` names LiteLLM's tier for each of ours. LiteLLM drops what a plugin notes on the request, so the call is
    found by its messages when it is logged.
    """

    def __init__(
        self, client: AsyncClient, tiers: Mapping[str, str] = COMPLEXITY_TIERS, **fields: Unpack[RouteFields]
    ) -> None:
        super().__init__(client, fields)
        self._tiers = tiers

    async def classify(self, context: Any) -> str | None:
        """LiteLLM's tier for a request; None leaves it to LiteLLM's own fallback."""
        messages = context.structured_messages
        decision = await self.route({"messages": messages}, context.metadata, _fingerprint(messages))
        return self._tiers.get(decision.tier)

    def key_of(self, call: Mapping[str, Any]) -> str:
        return _fingerprint(call.get("messages"))


class RouterHook(Reporter):
    """A callback of LiteLLM's proxy: requests for ``auto`` go to the model group that ``models`` names for the tier."""

    def __init__(self, client: AsyncClient, models: Mapping[str, str], **fields: Unpack[RouteFields]) -> None:
        super().__init__(client, fields)
        self._models = models

    async def async_pre_call_hook(self, user_api_key_dict: Any, cache: Any, data: Any, call_type: Any) -> Any:
        if data.get("model") == "auto" and data.get("messages"):
            found = {"messages": data["messages"], "tools": data.get("tools") or []}
            decision = await self.route(found, data.get("metadata"))
            data["model"] = self._models[decision.tier]
            data["metadata"] = {**(data.get("metadata") or {}), METADATA_KEY: decision.decision_id}
        return data

    def key_of(self, call: Mapping[str, Any]) -> str:
        return str(((call.get("litellm_params") or {}).get("metadata") or {}).get(METADATA_KEY))


def _fingerprint(messages: Any) -> str:
    return json.dumps(messages, sort_keys=True, default=str)
