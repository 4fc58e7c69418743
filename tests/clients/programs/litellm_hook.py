"""Our hook, as the configuration of LiteLLM's proxy names it: ``callbacks: litellm_hook.hook``."""

import os

from tierwise.agents.adapters.litellm import RouterHook
from tierwise.agents.client import AsyncClient

client = AsyncClient(os.environ["TIERWISE_URL"], tiers=os.environ["TIERWISE_TIERS"], spool=None, deadline_ms=5000)
hook = RouterHook(client, {"small": "small-1", "frontier": "frontier-1"})
