"""LiteLLM's standard logging payloads, as a callback gets them, and the spend-log rows made of the same calls."""

# ruff: noqa: E402

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

os.environ["STORE_PROMPTS_IN_SPEND_LOGS"] = "True"  # without it, rows hold no prompt

# The proxy itself cannot be installed beside the other libraries. What makes its spend-log rows can, and asks the proxy
# for nothing but its settings.
settings = ModuleType("litellm.proxy.proxy_server")
settings.__dict__.update(general_settings={}, general_settings_view=dict, master_key=None)
sys.modules[settings.__name__] = settings

import litellm
from litellm.integrations.custom_logger import CustomLogger
from litellm.proxy.spend_tracking.spend_tracking_utils import get_logging_payload
from scenario import TASKS
from upstream import upstream


class _Collector(CustomLogger):
    """Keeps what LiteLLM hands to loggers, without the price table that it repeats in every payload."""

    def __init__(self) -> None:
        super().__init__()
        self.payloads: list[dict[str, Any]] = []
        self.spend_rows: list[dict[str, Any]] = []

    async def async_log_success_event(self, kwargs: Any, response_obj: Any, start_time: Any, end_time: Any) -> None:
        if kwargs["standard_logging_object"]["status"] == "success":
            row = get_logging_payload(kwargs, response_obj, start_time, end_time)
            metadata = json.loads(row["metadata"])
            metadata.pop("model_map_information", None)
            self.spend_rows.append({**row, "metadata": json.dumps(metadata)})
        payload = json.loads(json.dumps(kwargs["standard_logging_object"], default=str))
        payload.pop("model_map_information")
        if payload.get("error_information"):
            payload["error_information"].pop("traceback", None)
        self.payloads.append(payload)

    async_log_failure_event = async_log_success_event


def record(folder: Path) -> None:
    collector = _Collector()
    litellm.callbacks = [collector]
    asyncio.run(_run(collector))
    for name, rows in (("litellm.jsonl", collector.payloads), ("litellm_spend.jsonl", collector.spend_rows)):
        lines = (json.dumps(row, default=str) + "\n" for row in rows)
        (folder / name).write_text("".join(lines), encoding="utf-8")


async def _run(collector: _Collector) -> None:
    with upstream() as base_url:
        calls = [(task.name, call) for task in TASKS for call in task.calls]
        for n_before, (task, call) in enumerate(calls):
            with suppress(litellm.RateLimitError):
                await litellm.acompletion(
                    model=f"openai/{call.model}",
                    messages=call.messages,
                    api_base=base_url,
                    api_key="none",
                    max_retries=0,
                    litellm_trace_id=task,
                    metadata={"agent": task, "node": call.node},
                    proxy_server_request={"body": {"model": call.model, "messages": call.messages, **call.options}},
                    **call.options,
                )
            await _logged(collector, n_before + 1)


async def _logged(collector: _Collector, n_payloads: int) -> None:
    """Callbacks run after the call has returned."""
    for _ in range(3000):
        if len(collector.payloads) >= n_payloads:
            return
        await asyncio.sleep(0.02)
    raise RuntimeError("LiteLLM did not log the call")
